using '../main.bicep'

// Two warm instances, zones, a private network, Azure OpenAI through the app's identity, a budget.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'gateway-prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '') == 'User'
  ? 'User'
  : 'ServicePrincipal'
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

// A budget's first month cannot be changed later, nor lie in the past when it is made.
param budget = {
  amount: 5000
  startDate: readEnvironmentVariable('GATEWAY_BUDGET_START', '2026-12-01')
  contactEmails: ['platform@example.com']
}
param deployOpenAI = true
param modelDeployments = [
  { name: 'gpt-5-mini', model: 'gpt-5-mini', version: '2025-08-07', sku: 'DataZoneStandard', capacity: 300 }
  { name: 'text-embedding-3-large', model: 'text-embedding-3-large', version: '1', sku: 'Standard', capacity: 350 }
]

// The key that the default belongs to is not known to anybody: set your own hash.
param callers = [
  {
    id: 'platform'
    type: 'servicePrincipal'
    role: 'admin'
    keySha256: readEnvironmentVariable(
      'GATEWAY_CALLER_KEY_SHA256',
      '0000000000000000000000000000000000000000000000000000000000000000'
    )
  }
]

// Kinds of providers, with commas, whose keys you have put into Key Vault as {kind}-api-key.
param providers = map(
  filter(split(readEnvironmentVariable('GATEWAY_PROVIDERS', ''), ','), kind => !empty(kind)),
  kind => { name: kind, kind: any(kind), secretName: '${kind}-api-key' }
)
