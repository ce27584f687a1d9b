metadata name = 'Identity'
metadata description = 'The one identity of the app. What it may do stands beside each resource.'

import * as types from '../types.bicep'

@description('Required. Name of the identity.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output resourceId string = identity.id

@description('Principal id, which roles are assigned to.')
output principalId string = identity.properties.principalId

@description('Client id, by which the app names the identity.')
output clientId string = identity.properties.clientId
