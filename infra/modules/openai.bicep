metadata name = 'Azure OpenAI, new'
metadata description = 'An account of the app\'s own without keys, its deployments, and the role to call them.'

import * as types from '../types.bicep'

@description('Required. Name and custom subdomain of the account.')
param name string

@description('Required. Region, where the models are offered.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Principal that calls the models.')
param principalId string

@description('Required. Roles of that principal on the account.')
param roles types.roleName[]

@description('Optional. Deployments to create.')
param deployments types.modelDeployment[] = []

@description('Optional. Whether the account is reached over private endpoints alone.')
param isPrivate bool = false

@description('Required. Workspace that gets the audit log of the account: no calls and no prompts.')
param workspaceId string

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow' }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

@batchSize(1)
resource models 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = [
  for deployment in deployments: {
    parent: account
    name: deployment.name
    sku: { name: deployment.?sku ?? 'GlobalStandard', capacity: deployment.?capacity ?? 1 }
    properties: {
      model: { format: 'OpenAI', name: deployment.model, version: deployment.version }
      // A model that changes under running jobs would change what a prompt costs and gives.
      versionUpgradeOption: 'NoAutoUpgrade'
    }
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', types.roleIds[role])
    }
  }
]

resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'Audit', enabled: true }]
  }
}

@description('Resource id of the account.')
output resourceId string = account.id

@description('Name of the account.')
output name string = account.name
