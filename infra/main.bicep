targetScope = 'subscription'

import { budgetSettings, callerSettings, modelDeployment, providerSettings, scaleSettings, stringMap } from 'types.bicep'

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

@description('RollingUpdate (a preview of the platform) lets streams end during a deployment; Recreate cuts them.')
param siteUpdateStrategy 'Recreate' | 'RollingUpdate' = 'RollingUpdate'

@description('Spread instances over zones.')
param zoneRedundant bool = false

@description('Who may call the gateway. Behind the Functions host it refuses to start without a caller.')
@minLength(1)
param callers callerSettings[]

@description('Model providers whose keys are in Key Vault. The gateway does not start while one of the keys is missing; without any provider an offline demo answers.')
param providers providerSettings[] = []

@description('Further settings of the gateway by the name of their app setting, such as Gateway__endpoints__fast__destinations__0.')
param settings stringMap = {}

@description('Deploy Azure OpenAI, used through the app\'s identity.')
param deployOpenAI bool = false

@description('Models of Azure OpenAI to deploy.')
param modelDeployments modelDeployment[] = []

@description('Redundancy of the account that holds the usage records.')
param usageStorageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_ZRS'

@description('Forbid that the usage records\' account is deleted, and that deleted provider keys are purged.')
param protectData bool = true

@description('A virtual network with private endpoints; storage, Key Vault and Azure OpenAI are then closed to the public.')
param privateNetwork bool = false

@description('Addresses (such as 203.0.113.7) from which the operator reaches Key Vault, and usage records if those are its business, in spite of the private network.')
param operatorAddresses string[] = []

@description('Client id of an Entra application for Easy Auth: callers then need its token in Authorization, and their key in x-api-key. Empty for keys only.')
param authClientId string = ''

@description('Origins of web pages that may call the gateway from a browser; * for all.')
param allowedOrigins string[] = []

@description('Object id of a developer or pipeline that sets provider keys; empty for none.')
param operatorPrincipalId string = ''

@description('What the operator is.')
param operatorPrincipalType 'User' | 'Group' | 'ServicePrincipal' = 'User'

@description('Let the operator export and drop months of usage records, which the commands export and prune do.')
param operatorKeepsUsage bool = false

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most gigabytes of logs a day.')
@minValue(1)
param logDailyQuotaGb int = 5

@description('Who is told of alerts.')
param alertEmails string[] = []

@description('Monthly budget; null for none.')
param budget budgetSettings?

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, workload: 'llm-gateway' }
var packageContainer = 'app-package'

// Names are known before anything is deployed, so that a preview (what-if, a snapshot) can show every resource.
var names = {
  identity: 'id-gateway-${token}'
  workspace: 'log-gateway-${token}'
  insights: 'appi-gateway-${token}'
  actionGroup: 'ag-gateway-${token}'
  network: 'vnet-gateway-${token}'
  hostStorage: 'sthost${token}'
  usageStorage: 'stusage${token}'
  vault: 'kv-gw-${token}'
  openAI: 'aoai-gateway-${token}'
  plan: 'plan-gateway-${token}'
  app: 'func-gateway-${token}'
}

var zones = union(
  {
    blob: 'privatelink.blob.${environment().suffixes.storage}'
    table: 'privatelink.table.${environment().suffixes.storage}'
    vault: 'privatelink.vaultcore.azure.net'
  },
  deployOpenAI ? { account: 'privatelink.openai.azure.com' } : {}
)
var link = privateNetwork ? { network: names.network, zones: zones } : null

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    actionGroupName: names.actionGroup
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
    contactEmails: alertEmails
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: { name: names.network, location: location, tags: tags, zones: zones }
}

// The Functions host's own state and the deployment package.
module hostStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.hostStorage
    location: location
    tags: tags
    sku: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
    containers: [packageContainer]
    tables: []
    locked: false
    workspaceId: monitoring.outputs.workspaceId
    services: ['blob', 'table']
    link: link
    openTo: []
  }
  dependsOn: [network]
}

// Usage records: an account of their own has its own rate limits, redundancy and lock. The App makes a table for each month itself.
module usageStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.usageStorage
    location: location
    tags: tags
    sku: usageStorageSku
    containers: []
    tables: ['usagemeta', 'usagerollup']
    locked: protectData
    workspaceId: monitoring.outputs.workspaceId
    services: ['table']
    link: link
    openTo: operatorKeepsUsage ? operatorAddresses : []
  }
  dependsOn: [network]
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    link: link
    openTo: operatorAddresses
    purgeProtection: protectData
  }
  dependsOn: [network]
}

module openAI 'modules/openai.bicep' = if (deployOpenAI) {
  scope: group
  params: {
    name: names.openAI
    location: location
    tags: tags
    deployments: modelDeployments
    workspaceId: monitoring.outputs.workspaceId
    link: link
  }
  dependsOn: [network]
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    appPrincipalId: identity.outputs.principalId
    hostStorageName: names.hostStorage
    usageStorageName: names.usageStorage
    vaultName: names.vault
    openAIName: deployOpenAI ? names.openAI : ''
    insightsName: names.insights
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
    operatorKeepsUsage: operatorKeepsUsage
  }
  dependsOn: [hostStorage, usageStorage, vault, openAI, monitoring]
}

// What the App reads; tests hand it to the App's own reader.
// A setting's name takes no hyphen on Linux: where a provider's name has one, the name is given apart.
var providerSettingsList = flatten(map(
  map(providers, provider => { key: replace(replace(provider.name, '-', '_'), '.', '_'), provider: provider }),
  item =>
    concat(
      [
        { name: 'Gateway__providers__${item.key}__kind', value: item.provider.kind }
        {
          name: 'Gateway__providers__${item.key}__apiKey'
          value: '@Microsoft.KeyVault(VaultName=${names.vault};SecretName=${item.provider.secretName})'
        }
      ],
      item.key == item.provider.name
        ? []
        : [{ name: 'Gateway__providers__${item.key}__name', value: item.provider.name }],
      empty(item.provider.?baseUrl ?? '')
        ? []
        : [{ name: 'Gateway__providers__${item.key}__baseUrl', value: item.provider.?baseUrl ?? '' }]
    )
))

var callerSettingsList = flatten(map(callers, (caller, i) => [
  { name: 'Gateway__callers__${i}__id', value: caller.id }
  { name: 'Gateway__callers__${i}__type', value: caller.type }
  { name: 'Gateway__callers__${i}__keySha256', value: caller.keySha256 }
  { name: 'Gateway__callers__${i}__role', value: caller.?role ?? 'none' }
  { name: 'Gateway__callers__${i}__endpoints', value: caller.?endpoints ?? '*' }
]))

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    runtime: runtime
    identityName: names.identity
    hostStorageName: names.hostStorage
    packageContainerName: packageContainer
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    workspaceId: monitoring.outputs.workspaceId
    scale: scale
    siteUpdateStrategy: siteUpdateStrategy
    zoneRedundant: zoneRedundant
    subnetId: network.?outputs.appSubnetId ?? ''
    authClientId: authClientId
    allowedOrigins: allowedOrigins
    settings: union(
      { Gateway__usage__tableEndpoint: usageStorage.outputs.tableEndpoint },
      // Without a key the gateway uses its identity.
      deployOpenAI
        ? {
            Gateway__providers__azure__kind: 'azure-openai'
            Gateway__providers__azure__baseUrl: openAI.?outputs.endpoint ?? ''
            Gateway__providers__azure__models: join(map(modelDeployments, deployment => deployment.name), ',')
          }
        : {},
      toObject(concat(providerSettingsList, callerSettingsList), setting => setting.name, setting => setting.value),
      settings
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
    usageStorageId: usageStorage.outputs.id
    insightsId: monitoring.outputs.insightsId
    actionGroupId: monitoring.outputs.actionGroupId
    budget: budget
  }
}

@description('Base URL for clients.')
output GATEWAY_URL string = app.outputs.url

@description('Name of the function app.')
output AZURE_FUNCTION_NAME string = names.app

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Vault that takes the provider keys.')
output AZURE_KEY_VAULT_NAME string = names.vault

@description('Tables of the usage records.')
output USAGE_TABLE_ENDPOINT string = usageStorage.outputs.tableEndpoint
