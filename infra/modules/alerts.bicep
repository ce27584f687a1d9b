metadata name = 'Alerts'
metadata description = 'What an operator is told: each alert is one query of infra/queries and one entry of the runbook.'

import * as types from '../types.bicep'

@description('Required. Prefix of the names.')
param prefix string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Workspace that is queried.')
param workspaceId string

@description('Optional. Addresses that are written to. Without any, alerts show in the portal alone.')
param emails string[] = []

@description('Required. Where the runbook of the alerts is.')
param runbookUrl string

var rules = [
  {
    name: 'jobs-failed'
    summary: 'Jobs failed for reasons that are not the user\'s.'
    query: loadTextContent('../queries/jobs_failed.kql')
    severity: 2
    every: 'PT5M'
  }
  {
    name: 'jobs-unclear'
    summary: 'A create lost its reply and no render was found: money may have been spent.'
    query: loadTextContent('../queries/jobs_unclear.kql')
    severity: 1
    every: 'PT5M'
  }
  {
    name: 'queue-old'
    summary: 'The oldest queued job of a model has waited for more than 15 minutes.'
    query: loadTextContent('../queries/queue_old.kql')
    severity: 2
    every: 'PT5M'
  }
  {
    name: 'lane-attention'
    summary: 'A lane is refused by its provider and needs a person.'
    query: loadTextContent('../queries/lane_attention.kql')
    severity: 1
    every: 'PT5M'
  }
  {
    name: 'http-5xx'
    summary: 'The API answers with server errors.'
    query: loadTextContent('../queries/http_5xx.kql')
    severity: 2
    every: 'PT5M'
  }
  {
    name: 'sweeper-silent'
    summary: 'The sweeper, which carries on whatever was cut, has not run.'
    query: loadTextContent('../queries/sweeper_silent.kql')
    severity: 1
    every: 'PT15M'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${prefix}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'contentlab'
    emailReceivers: [for (email, n) in emails: { name: 'email-${n}', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// Each query returns one row for each thing that is wrong, and none when all is well.
resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.name
      description: '${rule.summary} What to do: ${runbookUrl}#${rule.name}'
      enabled: true
      severity: rule.severity
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.every
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            operator: 'GreaterThan'
            threshold: 0
            timeAggregation: 'Count'
            failingPeriods: { minFailingPeriodsToAlert: 1, numberOfEvaluationPeriods: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [people.id] }
    }
  }
]
