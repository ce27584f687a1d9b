metadata name = 'Azure OpenAI, existing'
metadata description = 'The role to call the models of an account that is there already. Changes nothing else of it.'

import * as types from '../types.bicep'

@description('Required. Name of the account.')
param name string

@description('Required. Principal that calls the models.')
param principalId string

@description('Required. Roles of that principal on the account.')
param roles types.roleName[]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: name
}

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

@description('Resource id of the account.')
output resourceId string = account.id
