using '../main.bicep'

// Two warm instances, zones, a private network, Azure OpenAI through the app's identity, a budget.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'gateway-prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = 'ServicePrincipal'
param scale = {
  instanceMemoryMB: 2048
  maximumInstanceCount: 100
  httpPerInstanceConcurrency: 100
  alwaysReadyInstances: 2
}
param zoneRedundant = true
param privateNetwork = true
param usageStorageSku = 'Standard_GZRS'
param logRetentionDays = 90
param alertEmails = ['platform@example.com']
param budget = {
  amount: 5000
  startDate: '2026-12-01'
  contactEmails: ['platform@example.com']
}
param deployOpenAI = true
param modelDeployments = [
  { name: 'gpt-5-mini', model: 'gpt-5-mini', version: '2025-08-07', sku: 'DataZoneStandard', capacity: 300 }
  { name: 'text-embedding-3-large', model: 'text-embedding-3-large', version: '1', sku: 'Standard', capacity: 350 }
]
param callers = [
  {
    id: 'platform'
    type: 'servicePrincipal'
    keySha256: readEnvironmentVariable(
      'GATEWAY_CALLER_KEY_SHA256',
      '0000000000000000000000000000000000000000000000000000000000000000'
    )
  }
]
param providers = [
  { name: 'openai', kind: 'openai', secretName: 'openai-api-key' }
  { name: 'anthropic', kind: 'anthropic', secretName: 'anthropic-api-key' }
]
