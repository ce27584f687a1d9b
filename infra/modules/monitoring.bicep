metadata name = 'Monitoring'
metadata description = 'Log Analytics and Application Insights. Only Entra identities may send telemetry.'

import * as types from '../types.bicep'

@description('Required. Name of the Log Analytics workspace.')
param workspaceName string

@description('Required. Name of the Application Insights component.')
param insightsName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Principal that sends telemetry.')
param principalId string

@description('Required. Roles of that principal on the component.')
param roles types.roleName[]

@description('Required. Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Required. Most gigabytes a day that are taken in: a cap on cost, not on the app.')
@minValue(1)
param dailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    IngestionMode: 'LogAnalytics'
    WorkspaceResourceId: workspace.id
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(insights.id, principalId, role)
    scope: insights
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', types.roleIds[role])
    }
  }
]

@description('Resource id of the workspace, which the alerts query.')
output workspaceId string = workspace.id

@description('Where telemetry is sent. No secret: without a role nothing is taken in.')
output connectionString string = insights.properties.ConnectionString
