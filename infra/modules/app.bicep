import { scaleSettings, stringMap } from '../types.bicep'

@description('Name of the app.')
param name string

@description('Name of the plan.')
param planName string

@description('Region.')
param location string

@description('Tags.')
param tags stringMap

@description('Runtime: the custom handler (one native executable), or the .NET isolated worker.')
param runtime 'custom' | 'dotnet-isolated'

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Account of the Functions host.')
param hostStorageName string

@description('Container of the deployment package.')
param packageContainerName string

@description('Where telemetry goes.')
param insightsConnectionString string

@description('Where the host\'s logs go.')
param workspaceId string

@description('How it scales.')
param scale scaleSettings

@description('RollingUpdate lets streams end during a deployment; Recreate cuts them.')
param siteUpdateStrategy 'Recreate' | 'RollingUpdate'

@description('Spread instances over zones.')
param zoneRedundant bool

@description('Subnet of the app; empty for none.')
param subnetId string

@description('Client id of an Entra application: the platform then lets only its tokens through. Empty: the gateway checks its own keys.')
param authClientId string

@description('The gateway\'s own settings.')
param settings stringMap

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: hostStorageName }

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'gateway' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    clientAffinityEnabled: false
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      runtime: runtime == 'custom' ? { name: 'custom', version: '1.0' } : { name: 'dotnet-isolated', version: '10.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: scale.instanceMemoryMB
        maximumInstanceCount: scale.maximumInstanceCount
        alwaysReady: scale.alwaysReadyInstances == 0
          ? []
          : [{ name: 'http', instanceCount: scale.alwaysReadyInstances }]
        triggers: { http: { perInstanceConcurrency: scale.httpPerInstanceConcurrency } }
      }
      // The service takes it; the types that the Bicep compiler ships do not have it yet.
      #disable-next-line BCP037
      siteUpdateStrategy: { type: siteUpdateStrategy }
    }
  }

  // This replaces the whole set: what is not listed here is not set. On Flex Consumption FUNCTIONS_WORKER_RUNTIME,
  // FUNCTIONS_EXTENSION_VERSION and WEBSITE_RUN_FROM_PACKAGE must not be.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      AzureWebJobsStorage__accountName: hostStorage.name
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsDisableHomepage: 'true'
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      AZURE_CLIENT_ID: identityClientId
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
    })
  }

  resource ftp 'basicPublishingCredentialsPolicies' = { name: 'ftp', properties: { allow: false } }

  resource scm 'basicPublishingCredentialsPolicies' = { name: 'scm', properties: { allow: false } }

  resource auth 'config' = if (!empty(authClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true, runtimeVersion: '~1' }
      globalValidation: { requireAuthentication: true, unauthenticatedClientAction: 'Return401' }
      httpSettings: { requireHttps: true, forwardProxy: { convention: 'NoProxy' } }
      login: { tokenStore: { enabled: false } }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: authClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: { allowedAudiences: ['api://${authClientId}', authClientId] }
        }
      }
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = app.id

@description('Name.')
output name string = app.name

@description('Base URL for clients.')
output url string = 'https://${app.properties.defaultHostName}'
