metadata name = 'Storage account'
metadata description = 'A storage account that only identities can use: no shared keys, no public blobs, TLS 1.2, soft delete.'

import * as types from '../types.bicep'

@description('Required. Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Principal that uses the account.')
param principalId string

@description('Required. Roles of that principal on the account.')
param roles types.roleName[]

@description('Optional. Containers to create.')
param containers string[] = []

@description('Optional. Tables to create.')
param tables string[] = []

@description('Optional. Whether the account is reached over private endpoints alone.')
param isPrivate bool = false

@description('Optional. Origins whose pages may read blobs (by a link) and get ranges of them.')
param allowedOrigins string[] = []

@description('Optional. Days in which a deleted blob or container can be brought back.')
@minValue(1)
@maxValue(365)
param undeleteDays int = 7

@description('Optional. Days after which a blob moves to the cool tier; null: never.')
param coolAfterDays int?

@description('Optional. Days after which a blob is deleted; null: never.')
param deleteAfterDays int?

@description('Optional. Containers whose blobs get cooler and are deleted.')
param lifecycleOf string[] = []

@description('Required. Redundancy.')
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Required. Workspace that gets a record of every blob that is deleted, and by whom.')
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    networkAcls: { bypass: 'None', defaultAction: isPrivate ? 'Deny' : 'Allow' }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    sasPolicy: { expirationAction: 'Log', sasExpirationPeriod: '1.01:00:00' }
    supportsHttpsTrafficOnly: true
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: { blob: { keyType: 'Account' }, queue: { keyType: 'Account' }, table: { keyType: 'Account' } }
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: { enabled: true, days: undeleteDays }
      cors: {
        corsRules: empty(allowedOrigins)
          ? []
          : [
              {
                allowedHeaders: ['range', 'x-ms-version', 'if-match', 'if-none-match']
                allowedMethods: ['GET', 'HEAD', 'OPTIONS']
                allowedOrigins: allowedOrigins
                exposedHeaders: ['accept-ranges', 'content-length', 'content-range', 'content-type', 'etag']
                maxAgeInSeconds: 3600
              }
            ]
      }
      deleteRetentionPolicy: { enabled: true, days: undeleteDays, allowPermanentDelete: false }
    }

    resource container 'containers' = [
      for container in containers: { name: container, properties: { publicAccess: 'None' } }
    ]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource table 'tables' = [for table in tables: { name: table }]
  }

  resource lifecycle 'managementPolicies' = if (coolAfterDays != null || deleteAfterDays != null) {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'media'
            enabled: true
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: map(lifecycleOf, container => '${container}/') }
              actions: {
                baseBlob: union(
                  coolAfterDays == null ? {} : { tierToCool: { daysAfterCreationGreaterThan: coolAfterDays } },
                  deleteAfterDays == null ? {} : { delete: { daysAfterCreationGreaterThan: deleteAfterDays } }
                )
              }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
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

resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletes'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}

@description('Resource id of the account.')
output resourceId string = account.id

@description('Name of the account.')
output name string = account.name

@description('Address of its blobs.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Address of its queues.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Address of its tables.')
output tableEndpoint string = account.properties.primaryEndpoints.table
