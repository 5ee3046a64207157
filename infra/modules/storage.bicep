import { privateLink, stringMap } from '../types.bicep'

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags stringMap

@description('Redundancy.')
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Blob containers to make.')
param containers string[]

@description('Tables to make.')
param tables string[]

@description('Forbid that the account is deleted.')
param locked bool

@description('Where metrics and deletions are logged.')
param workspaceId string

@description('Services that get a private endpoint when there is a private network.')
param services ('blob' | 'table')[]

@description('Private network, or null.')
param link privateLink?

@description('Addresses that reach the account in spite of the private network.')
param openTo string[]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: link == null || !empty(openTo) ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: link == null ? 'Allow' : 'Deny'
      bypass: 'AzureServices'
      ipRules: map(openTo, address => { value: address, action: 'Allow' })
    }
    // No encryption block: an account-scoped key for tables moves them to another, far dearer price list.
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: 7 }
      containerDeleteRetentionPolicy: { enabled: true, days: 7 }
    }

    resource container 'containers' = [for container in containers: { name: container }]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource table 'tables' = [for table in tables: { name: table }]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  name: 'do-not-delete'
  scope: account
  properties: { level: 'CanNotDelete', notes: 'Usage records are evidence.' }
}

// StorageWrite would log every usage record a second time, at a higher price than the record itself.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: account::tableService
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

module endpoints 'private-endpoint.bicep' = [
  for service in (link == null ? [] : services): {
    name: 'endpoint-${name}-${service}'
    params: {
      name: 'pe-${name}-${service}'
      location: location
      tags: tags
      targetId: account.id
      group: service
      link: link!
    }
  }
]

@description('Resource id.')
output id string = account.id

@description('Address of the table service.')
output tableEndpoint string = account.properties.primaryEndpoints.table
