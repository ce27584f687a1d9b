metadata name = 'Function app'
metadata description = 'The app on Flex Consumption, its settings (none of them a secret), and who may call it.'

import * as types from '../types.bicep'

@description('Required. Name of the app.')
param name string

@description('Required. Name of its plan.')
param planName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Version of Python. 3.11 is left out: its support ends in 2027.')
param pythonVersion '3.12' | '3.13'

@description('Required. Resource id of the app\'s identity.')
param identityId string

@description('Required. Address of the container that holds the deployed package.')
param packageContainerUrl string

@description('Required. Every app setting, those of the host included.')
param appSettings { name: string, value: string }[]

@description('Optional. How the app grows.')
param scale types.scale = {}

@description('Optional. Entra authentication; without it, function keys.')
param auth types.entraAuth?

@description('Optional. Origins whose pages may call the API.')
param allowedOrigins string[] = []

@description('Optional. Subnet that the app\'s requests leave from.')
param subnetId string?

@description('Optional. Whether the app is reached over a private endpoint alone.')
param isPrivate bool = false

@description('Required. Workspace that gets the record of sign-ins, where Entra is on.')
param workspaceId string

// Both groups that requests and orchestrations run in; one that nobody asked for is left out.
var alwaysReady = [
  { name: 'http', instanceCount: scale.?alwaysReadyHttp ?? 0 }
  { name: 'durable', instanceCount: scale.?alwaysReadyDurable ?? 0 }
]

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: scale.?instanceMemoryMB ?? 2048
        maximumInstanceCount: scale.?maximumInstances ?? 40
        alwaysReady: filter(alwaysReady, group => group.instanceCount > 0)
        triggers: { http: { perInstanceConcurrency: scale.?httpConcurrency ?? 64 } }
      }
    }
    siteConfig: {
      appSettings: [for setting in appSettings: { name: setting.name, value: setting.value }]
      cors: { allowedOrigins: allowedOrigins, supportCredentials: false }
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }

  // Publishing by user name and password is a secret to guard: deployments use Entra alone.
  resource publishing 'basicPublishingCredentialsPolicies' = [
    for kind in ['ftp', 'scm']: { name: any(kind), properties: { allow: false } }
  ]

  resource authentication 'config' = if (auth != null) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true, runtimeVersion: '~1' }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        excludedPaths: ['/api/v1/health', '/api/v1/openapi.json']
      }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: auth.?clientId
            openIdIssuer: uri(environment().authentication.loginEndpoint, '${auth.?tenantId ?? tenant().tenantId}/v2.0')
          }
          validation: {
            allowedAudiences: auth.?audiences ?? ['api://${auth.?clientId}', auth.?clientId ?? '']
          }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }
}

resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (auth != null) {
  name: 'sign-ins'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AppServiceAuthenticationLogs', enabled: true }]
  }
}

@description('Resource id of the app.')
output resourceId string = app.id

@description('Name of the app.')
output name string = app.name

@description('Address of the API.')
output apiUrl string = 'https://${app.properties.defaultHostName}/api/v1'
