import { privateLink, stringMap } from '../types.bicep'

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags stringMap

@description('Where access is logged.')
param workspaceId string

@description('Private network, or null.')
param link privateLink?

@description('Addresses that reach the vault in spite of the private network.')
param openTo string[]

@description('Forbid that deleted secrets, or the deleted vault, are purged before their time.')
param purgeProtection bool

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // False is refused: once on, it cannot be taken back.
    enablePurgeProtection: purgeProtection ? true : null
    publicNetworkAccess: link == null || !empty(openTo) ? 'enabled' : 'disabled'
    networkAcls: {
      defaultAction: link == null ? 'Allow' : 'Deny'
      bypass: 'AzureServices'
      ipRules: map(openTo, address => { value: address })
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

module endpoint 'private-endpoint.bicep' = if (link != null) {
  name: 'endpoint-${name}'
  params: {
    name: 'pe-${name}'
    location: location
    tags: tags
    targetId: vault.id
    group: 'vault'
    link: link!
  }
}
