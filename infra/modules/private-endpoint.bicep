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
param group 'blob' | 'table' | 'vault' | 'account'

@description('Where it goes.')
param link privateLink

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' existing = {
  name: link.network

  resource subnet 'subnets' existing = { name: 'endpoints' }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = { name: link.zones[group] }

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: network::subnet.id }
    privateLinkServiceConnections: [
      { name: group, properties: { privateLinkServiceId: targetId, groupIds: [group] } }
    ]
  }

  resource dns 'privateDnsZoneGroups' = {
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: group, properties: { privateDnsZoneId: zone.id } }] }
  }
}
