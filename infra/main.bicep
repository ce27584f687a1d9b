metadata name = 'AI Content Lab'
metadata description = 'Everything the lab needs on Azure, in a resource group of its own. No setting of it is a secret.'

targetScope = 'subscription'

import * as types from 'types.bicep'

@description('Required. Name of this environment: names and tags are made of it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Required. Region of everything but, where told so, the models.')
@minLength(1)
param location string

@description('Optional. Resource group, which is created.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Optional. Tags of every resource.')
param tags types.tags = {}

@description('Optional. Version of Python.')
param pythonVersion '3.12' | '3.13' = '3.12'

@description('Optional. Azure OpenAI, new or existing. Without it, name another provider in options.lanes.')
param openAI types.openAI?

@description('Optional. What the video deployment takes.')
param videoLimits types.videoLimits = {}

@description('Optional. Settings of the app that have good defaults.')
param options types.appOptions = {}

@description('Optional. How the app grows.')
param scale types.scale = {}

@description('Optional. Where orchestrations are kept.')
param durableBackend 'AzureStorage' | 'DurableTaskScheduler' = 'AzureStorage'

@description('Optional. Entra authentication. Without it, callers need a function key.')
param auth types.entraAuth?

@description('Optional. Origins of web pages that may call the API and read videos.')
param allowedOrigins string[] = []

@description('Optional. How long media are kept.')
param retention types.retention = {}

@description('Optional. How much telemetry is taken in, and how long it is kept.')
param logs types.logs = {}

@description('Optional. Redundancy of both storage accounts.')
param storageRedundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_ZRS'

@description('Optional. Whether everything is reached over private endpoints alone: storage, models, and the app itself.')
param privateNetwork bool = false

@description('Optional. Addresses that alerts are written to.')
param alertEmails string[] = []

@description('Optional. Where the runbook of the alerts is.')
param runbookUrl string = 'docs/operate.md'

var allTags = union(tags, { 'azd-env-name': environmentName })
var token = uniqueString(subscription().id, environmentName, location)
var names = {
  app: 'func-${token}'
  hostStorage: 'sthost${token}'
  mediaStorage: 'stmedia${token}'
  openAI: 'oai-${token}'
  media: 'videos'
  packages: 'packages'
  taskHub: 'lab'
}

// Exactly what the app does with each resource; docs/security.md says why.
var roles = {
  hostStorage: ['Storage Blob Data Owner', 'Storage Queue Data Contributor', 'Storage Table Data Contributor']
  mediaStorage: ['Storage Blob Data Contributor', 'Storage Blob Delegator', 'Storage Table Data Contributor']
  openAI: ['Cognitive Services OpenAI User']
  monitoring: ['Monitoring Metrics Publisher']
  scheduler: ['Durable Task Data Contributor']
}

var isNewOpenAI = openAI.?kind == 'new'
var isExistingOpenAI = openAI.?kind == 'existing'
var usesScheduler = durableBackend == 'DurableTaskScheduler'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: 'id-${token}', location: location, tags: allTags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: 'log-${token}'
    insightsName: 'appi-${token}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    roles: roles.monitoring
    dailyQuotaGb: logs.?dailyQuotaGb ?? 5
    retentionDays: logs.?keepDays ?? 30
  }
}

module hostStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.hostStorage
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    roles: roles.hostStorage
    containers: [names.packages]
    isPrivate: privateNetwork
    sku: storageRedundancy
    workspaceId: monitoring.outputs.workspaceId
  }
}

module mediaStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.mediaStorage
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    roles: roles.mediaStorage
    containers: [names.media]
    tables: ['lab']
    isPrivate: privateNetwork
    allowedOrigins: allowedOrigins
    undeleteDays: retention.?undeleteDays ?? 7
    coolAfterDays: retention.?coolAfterDays ?? 30
    deleteAfterDays: retention.?keepDays == null ? null : retention!.keepDays! + 1
    lifecycleOf: [names.media]
    sku: storageRedundancy
    workspaceId: monitoring.outputs.workspaceId
  }
}

var newDeployments = isNewOpenAI
  ? filter([openAI.?video, openAI.?image, openAI.?language], deployment => deployment != null)
  : []

module newOpenAI 'modules/openai.bicep' = if (isNewOpenAI) {
  scope: group
  params: {
    name: names.openAI
    location: openAI.?location ?? location
    tags: allTags
    principalId: identity.outputs.principalId
    roles: roles.openAI
    deployments: newDeployments
    isPrivate: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module existingOpenAI 'modules/openai-access.bicep' = if (isExistingOpenAI) {
  scope: resourceGroup(openAI.?subscriptionId ?? subscription().subscriptionId, openAI.?resourceGroup ?? '')
  params: { name: openAI.?name ?? '', principalId: identity.outputs.principalId, roles: roles.openAI }
}

module scheduler 'modules/scheduler.bicep' = if (usesScheduler) {
  scope: group
  params: {
    name: 'dts-${token}'
    taskHubName: names.taskHub
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    roles: roles.scheduler
    isPrivate: privateNetwork
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: { name: 'vnet-${token}', location: location, tags: allTags }
}

// A setting of the app that is null here keeps the app's own default.
var chosenSettings = {
  STORAGE_ACCOUNT_NAME: names.mediaStorage
  OWNER_MODE: auth == null ? 'key' : 'entra'
  OWNER_HEADER: options.?ownerHeader
  SORA_AOAI_RESOURCE: openAI.?video == null ? null : (isNewOpenAI ? names.openAI : openAI.?name)
  SORA_DEPLOYMENT: openAI.?video.?name
  SORA_MODEL: openAI.?video.?model
  SORA_API: videoLimits.?api
  SORA_MAX_IN_FLIGHT: videoLimits.?maxInFlight
  SORA_CREATES_PER_MINUTE: videoLimits.?createsPerMinute
  SORA_EXCLUSIVE: openAI.?video == null ? null : (isNewOpenAI ? true : openAI.?exclusive)
  SORA_TYPICAL_RENDER_S: videoLimits.?typicalRenderS
  LANES: options.?lanes
  LINK_TTL_S: options.?linkTtlS
  MAX_OPEN_JOBS: options.?maxOpenJobs
  DEFAULT_DEADLINE_S: options.?defaultDeadlineS
  MEDIA_RETENTION_DAYS: retention.?keepDays
  TELEMETRY_PROMPTS: options.?tracePrompts
}
var labSettings = map(filter(items(chosenSettings), setting => setting.value != null), setting => {
  name: setting.key
  value: string(setting.value)
})

// What the host and the SDKs read: an identity each time, never a key.
var hostSettings = [
  { name: 'AzureWebJobsStorage__blobServiceUri', value: hostStorage.outputs.blobEndpoint }
  { name: 'AzureWebJobsStorage__queueServiceUri', value: hostStorage.outputs.queueEndpoint }
  { name: 'AzureWebJobsStorage__tableServiceUri', value: hostStorage.outputs.tableEndpoint }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: identity.outputs.clientId }
  { name: 'AZURE_CLIENT_ID', value: identity.outputs.clientId }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: monitoring.outputs.connectionString }
  {
    name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
    value: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
  }
  // The worker joins the host's trace and sends its own telemetry: one record of each thing, not two.
  { name: 'PYTHON_ENABLE_OPENTELEMETRY', value: 'true' }
]

// host.json says AzureStorage; app settings of this form have the last word over it.
var hub = 'AzureFunctionsJobHost__extensions__durableTask'
var schedulerSettings = usesScheduler
  ? [
      { name: '${hub}__hubName', value: names.taskHub }
      { name: '${hub}__storageProvider__type', value: 'azureManaged' }
      { name: '${hub}__storageProvider__connectionStringName', value: 'DURABLE_TASK_SCHEDULER' }
      {
        name: 'DURABLE_TASK_SCHEDULER'
        value: 'Endpoint=${scheduler!.outputs.endpoint};Authentication=ManagedIdentity;ClientID=${identity.outputs.clientId};TaskHub=${names.taskHub}'
      }
    ]
  : []

module app 'modules/function-app.bicep' = {
  scope: group
  params: {
    name: names.app
    planName: 'plan-${token}'
    location: location
    tags: allTags
    pythonVersion: pythonVersion
    identityId: identity.outputs.resourceId
    packageContainerUrl: '${hostStorage.outputs.blobEndpoint}${names.packages}'
    appSettings: concat(hostSettings, labSettings, schedulerSettings)
    scale: scale
    auth: auth
    allowedOrigins: allowedOrigins
    isPrivate: privateNetwork
    subnetId: privateNetwork ? network!.outputs.appSubnetId : null
    workspaceId: monitoring.outputs.workspaceId
  }
  dependsOn: [mediaStorage, newOpenAI, existingOpenAI]
}

var storageServices = [
  {
    name: 'pe-host-blob-${token}'
    targetId: hostStorage.outputs.resourceId
    service: 'blob'
  }
  {
    name: 'pe-host-queue-${token}'
    targetId: hostStorage.outputs.resourceId
    service: 'queue'
  }
  {
    name: 'pe-host-table-${token}'
    targetId: hostStorage.outputs.resourceId
    service: 'table'
  }
  {
    name: 'pe-media-blob-${token}'
    targetId: mediaStorage.outputs.resourceId
    service: 'blob'
  }
  {
    name: 'pe-media-table-${token}'
    targetId: mediaStorage.outputs.resourceId
    service: 'table'
  }
]
var appService = {
  name: 'pe-app-${token}'
  targetId: app.outputs.resourceId
  service: 'sites'
}
var openAIService = openAI == null
  ? []
  : [
      {
        name: 'pe-openai-${token}'
        targetId: isNewOpenAI ? newOpenAI!.outputs.resourceId : existingOpenAI!.outputs.resourceId
        service: 'account'
      }
    ]
var schedulerService = usesScheduler
  ? [
      {
        name: 'pe-scheduler-${token}'
        targetId: scheduler!.outputs.resourceId
        service: 'scheduler'
      }
    ]
  : []

module endpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  params: {
    location: location
    tags: allTags
    networkId: network!.outputs.resourceId
    subnetId: network!.outputs.endpointSubnetId
    services: concat(storageServices, [appService], openAIService, schedulerService)
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    prefix: 'lab-${token}'
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    runbookUrl: runbookUrl
  }
}

@description('Resource group that holds everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output SERVICE_API_NAME string = app.outputs.name

@description('Address of the API, for clients.')
output LAB_URL string = app.outputs.apiUrl

@description('Name of the media storage account.')
output MEDIA_STORAGE_NAME string = mediaStorage.outputs.name

@description('Resource id of the workspace, for queries.')
output LOG_WORKSPACE_ID string = monitoring.outputs.workspaceId
