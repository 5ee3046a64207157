import { modelDeployment, privateLink, stringMap } from '../types.bicep'

@description('Name of the account; also its subdomain, which Entra tokens need.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags stringMap

@description('Models to deploy.')
param deployments modelDeployment[]

@description('Where access is logged.')
param workspaceId string

@description('Private network, or null.')
param link privateLink?

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: { name: 'S0' }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: link == null ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: link == null ? 'Allow' : 'Deny' }
  }
}

// An account takes one new deployment at a time.
@batchSize(1)
resource models 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = [
  for deployment in deployments: {
    parent: account
    name: deployment.name
    sku: { name: deployment.sku, capacity: deployment.capacity }
    properties: {
      model: { format: 'OpenAI', name: deployment.model, version: deployment.version }
      versionUpgradeOption: 'NoAutoUpgrade'
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: account
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'Audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

module endpoint 'private-endpoint.bicep' = if (link != null) {
  name: 'endpoint-${name}'
  params: {
    name: 'pe-${name}'
    location: location
    tags: tags
    targetId: account.id
    group: 'account'
    link: link!
  }
}

@description('Address.')
output endpoint string = account.properties.endpoint
