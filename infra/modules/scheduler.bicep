metadata name = 'Durable Task Scheduler'
metadata description = 'The managed backend of Durable Functions, instead of queues and tables in the host\'s storage.'

import * as types from '../types.bicep'

@description('Required. Name of the scheduler.')
param name string

@description('Required. Name of the task hub.')
param taskHubName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Principal that runs orchestrations.')
param principalId string

@description('Required. Roles of that principal on the scheduler.')
param roles types.roleName[]

@description('Optional. Whether the scheduler is reached over a private endpoint alone.')
param isPrivate bool = false

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // An empty list lets nobody in; who comes in still needs the role.
    ipAllowlist: ['0.0.0.0/0']
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    sku: { name: 'Consumption' }
  }

  resource taskHub 'taskHubs' = {
    name: taskHubName
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(scheduler.id, principalId, role)
    scope: scheduler
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', types.roleIds[role])
    }
  }
]

@description('Resource id of the scheduler.')
output resourceId string = scheduler.id

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint
