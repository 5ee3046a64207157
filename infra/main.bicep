targetScope = 'subscription'

import { budgetSettings, callerSettings, modelDeployment, providerSettings, scaleSettings } from 'types.bicep'

metadata name = 'Serverless gateway'
metadata description = 'A complete environment of the gateway on Azure Functions Flex Consumption, without a single shared key.'

@description('Name of the environment; part of the resources\' names.')
@minLength(1)
@maxLength(24)
param environmentName string

@description('Region; must offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Name of the resource group; empty for rg-{environmentName}.')
param resourceGroupName string = ''

@description('Runtime: the custom handler (functions/App), or the .NET isolated worker (functions/Worker).')
param runtime 'custom' | 'dotnet-isolated' = 'custom'

@description('How the app scales.')
param scale scaleSettings

@description('RollingUpdate lets streams end during a deployment; Recreate cuts them.')
param siteUpdateStrategy 'Recreate' | 'RollingUpdate' = 'RollingUpdate'

@description('Spread instances over zones.')
param zoneRedundant bool = false

@description('Who may call the gateway. Behind the Functions host it refuses to start without a caller.')
@minLength(1)
param callers callerSettings[]

@description('Model providers whose keys are in Key Vault.')
param providers providerSettings[] = []

@description('Deploy Azure OpenAI, used through the app\'s identity.')
param deployOpenAI bool = false

@description('Models of Azure OpenAI to deploy.')
param modelDeployments modelDeployment[] = []

@description('Redundancy of the account that holds the usage records.')
param usageStorageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_ZRS'

@description('Forbid that the account of the usage records is deleted.')
param lockUsageStorage bool = true

@description('A virtual network with private endpoints; storage, Key Vault and Azure OpenAI are then closed to the public.')
param privateNetwork bool = false

@description('Client id of an Entra application for Easy Auth; empty for the gateway\'s own keys only.')
param authClientId string = ''

@description('Object id of a developer or pipeline that uploads packages and sets provider keys; empty for none.')
param operatorPrincipalId string = ''

@description('What the operator is.')
param operatorPrincipalType 'User' | 'Group' | 'ServicePrincipal' = 'User'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most gigabytes of logs a day.')
@minValue(1)
param logDailyQuotaGb int = 5

@description('Days after which exported usage is deleted; 0 keeps it.')
@minValue(0)
param exportRetentionDays int = 730

@description('Who is told of alerts.')
param alertEmails string[] = []

@description('Monthly budget; null for none.')
param budget budgetSettings?

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, workload: 'llm-gateway' }
var packageContainer = 'app-package'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: 'id-gateway-${token}', location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
    contactEmails: alertEmails
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: { name: 'vnet-gateway-${token}', location: location, tags: tags, withOpenAI: deployOpenAI }
}

// The Functions host's own state and the deployment package.
module hostStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'sthost${token}'
    location: location
    tags: tags
    sku: 'Standard_LRS'
    containers: [packageContainer]
    locked: false
    exportRetentionDays: 0
    workspaceId: monitoring.outputs.workspaceId
    services: ['blob', 'queue', 'table']
    link: network.?outputs.link
  }
}

// Usage records: an account of their own has its own rate limits, redundancy, retention and lock.
module usageStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'stusage${token}'
    location: location
    tags: tags
    sku: usageStorageSku
    containers: ['usage-export']
    locked: lockUsageStorage
    exportRetentionDays: exportRetentionDays
    workspaceId: monitoring.outputs.workspaceId
    services: ['blob', 'table']
    link: network.?outputs.link
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-gw-${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    link: network.?outputs.link
  }
}

module openAI 'modules/openai.bicep' = if (deployOpenAI) {
  scope: group
  params: {
    name: 'aoai-gateway-${token}'
    location: location
    tags: tags
    deployments: modelDeployments
    workspaceId: monitoring.outputs.workspaceId
    link: network.?outputs.link
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    appPrincipalId: identity.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    packageContainerName: packageContainer
    usageStorageName: usageStorage.outputs.name
    vaultName: vault.outputs.name
    openAIName: openAI.?outputs.name ?? ''
    insightsName: monitoring.outputs.insightsName
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
}

// What the App reads; every name stands in local.settings.sample.json too.
var providerSettingsList = flatten(map(
  providers,
  provider =>
    concat(
      [
        { name: 'Gateway__providers__${provider.name}__kind', value: provider.kind }
        {
          name: 'Gateway__providers__${provider.name}__apiKey'
          value: '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${provider.secretName})'
        }
      ],
      empty(provider.?baseUrl ?? '')
        ? []
        : [{ name: 'Gateway__providers__${provider.name}__baseUrl', value: provider.?baseUrl ?? '' }]
    )
))

var callerSettingsList = flatten(map(callers, (caller, i) => [
  { name: 'Gateway__callers__${i}__id', value: caller.id }
  { name: 'Gateway__callers__${i}__type', value: caller.type }
  { name: 'Gateway__callers__${i}__keySha256', value: caller.keySha256 }
]))

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: 'func-gateway-${token}'
    planName: 'plan-gateway-${token}'
    location: location
    tags: tags
    runtime: runtime
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostStorageName: hostStorage.outputs.name
    packageContainerName: packageContainer
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    workspaceId: monitoring.outputs.workspaceId
    scale: scale
    siteUpdateStrategy: siteUpdateStrategy
    zoneRedundant: zoneRedundant
    subnetId: network.?outputs.appSubnetId ?? ''
    authClientId: authClientId
    settings: union(
      { Gateway__usage__tableEndpoint: usageStorage.outputs.tableEndpoint },
      deployOpenAI ? { AZURE_OPENAI_ENDPOINT: openAI.?outputs.endpoint ?? '' } : {},
      toObject(concat(providerSettingsList, callerSettingsList), setting => setting.name, setting => setting.value)
    )
  }
  // The app must not start before it may read its package and its secrets.
  dependsOn: [roles]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    appId: app.outputs.id
    usageStorageId: usageStorage.outputs.id
    insightsId: monitoring.outputs.insightsId
    actionGroupId: monitoring.outputs.actionGroupId
    budget: budget
  }
}

@description('Base URL for clients.')
output GATEWAY_URL string = app.outputs.url

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = app.outputs.name

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Vault that takes the provider keys.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('Account that takes the deployment package.')
output DEPLOYMENT_STORAGE_ACCOUNT string = hostStorage.outputs.name

@description('Container that takes the deployment package.')
output DEPLOYMENT_CONTAINER string = packageContainer

@description('Tables of the usage records.')
output USAGE_TABLE_ENDPOINT string = usageStorage.outputs.tableEndpoint
