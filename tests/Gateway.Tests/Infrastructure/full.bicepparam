using '../../../infra/main.bicep'

// Everything that the environments leave out: for the tests only.
param environmentName = 'gateway-full'
param location = 'westeurope'
param runtime = 'dotnet-isolated'
param scale = {
  instanceMemoryMB: 4096
  maximumInstanceCount: 1000
  httpPerInstanceConcurrency: 200
  alwaysReadyInstances: 1
}
param operatorPrincipalId = '11111111-1111-1111-1111-111111111111'
param operatorPrincipalType = 'Group'
param operatorKeepsUsage = true
param privateNetwork = true
param operatorAddresses = ['203.0.113.7']
param authClientId = '22222222-2222-2222-2222-222222222222'
param allowedOrigins = ['https://chat.example.com']
param usageStorageSku = 'Standard_ZRS'
param callers = [
  {
    id: 'alice'
    type: 'user'
    keySha256: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
    endpoints: 'fast,gpu-eu/*'
  }
  {
    id: 'nightly'
    type: 'servicePrincipal'
    role: 'reader'
    keySha256: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
  }
]
param providers = [
  { name: 'claude', kind: 'anthropic', secretName: 'anthropic-api-key' }
  { name: 'gpu-eu', kind: 'vllm', secretName: 'gpu-api-key', baseUrl: 'https://gpu.example.com/v1' }
]
param settings = {
  Gateway__endpoints__fast__destinations__0: 'claude/claude-haiku-4-5'
  Gateway__limits__silence: '3m'
}
