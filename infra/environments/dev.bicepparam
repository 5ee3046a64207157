using '../main.bicep'

// Scales to nothing, small, open to the public network; for trying things.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'gateway-dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '') == 'ServicePrincipal'
  ? 'ServicePrincipal'
  : 'User'
param operatorKeepsUsage = true
param scale = {
  instanceMemoryMB: 512
  maximumInstanceCount: 40
  httpPerInstanceConcurrency: 64
  alwaysReadyInstances: 0
}
param siteUpdateStrategy = 'Recreate'
param usageStorageSku = 'Standard_LRS'
param protectData = false

// The key that the default belongs to is not known to anybody: set your own hash.
param callers = [
  {
    id: 'developer'
    type: 'user'
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
