using '../main.bicep'

// Scales to nothing, small, open to the public network; for trying things.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'gateway-dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param scale = {
  instanceMemoryMB: 512
  maximumInstanceCount: 40
  httpPerInstanceConcurrency: 64
  alwaysReadyInstances: 0
}
param siteUpdateStrategy = 'Recreate'
param usageStorageSku = 'Standard_LRS'
param lockUsageStorage = false
param callers = [
  // The key that this hash belongs to is not known to anybody: put your own here.
  {
    id: 'developer'
    type: 'user'
    keySha256: readEnvironmentVariable(
      'GATEWAY_CALLER_KEY_SHA256',
      '0000000000000000000000000000000000000000000000000000000000000000'
    )
  }
]
param providers = [
  { name: 'openai', kind: 'openai', secretName: 'openai-api-key' }
  { name: 'anthropic', kind: 'anthropic', secretName: 'anthropic-api-key' }
  { name: 'gemini', kind: 'gemini', secretName: 'gemini-api-key' }
]
