import { privateLink, stringMap } from '../types.bicep'

@description('Name of the endpoint.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags stringMap

@description('Resource that it leads to.')
param targetId string

@description('Which of the resource\'s services.')
param group 'blob' | 'queue' | 'table' | 'vault' | 'account'

@description('Where it goes.')
param link privateLink

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: link.subnetId }
    privateLinkServiceConnections: [
      { name: group, properties: { privateLinkServiceId: targetId, groupIds: [group] } }
    ]
  }

  resource dns 'privateDnsZoneGroups' = {
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: group, properties: { privateDnsZoneId: link.zoneIds[group] } }] }
  }
}
