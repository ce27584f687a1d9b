metadata name = 'Types and roles'
metadata description = 'What the parameters look like, and the identifiers of the built-in roles. Creates nothing.'

@description('Tags of a resource.')
@export()
type tags = { *: string }

@description('A model deployment to create. Models retire: look the name and version up on the day.')
@export()
@sealed()
type modelDeployment = {
  @description('Required. Name of the deployment.')
  name: string

  @description('Required. Name of the model.')
  model: string

  @description('Required. Version of the model.')
  version: string

  @description('Optional. Kind of capacity. Default: GlobalStandard.')
  sku: ('DataZoneStandard' | 'GlobalStandard' | 'Standard')?

  @description('Optional. Capacity in the units of the model. Default: 1.')
  @minValue(1)
  capacity: int?
}

@description('A model deployment that is there already.')
@export()
@sealed()
type modelUse = {
  @description('Required. Name of the deployment.')
  name: string

  @description('Required. Name of the model.')
  model: string
}

@description('A new Azure OpenAI account, which no other app shares.')
@export()
@sealed()
type newOpenAI = {
  kind: 'new'

  @description('Optional. Its region, where the models are offered. Default: that of everything else.')
  location: string?

  @description('Optional. The video model.')
  video: modelDeployment?

  @description('Optional. The image model.')
  image: modelDeployment?

  @description('Optional. The language model.')
  language: modelDeployment?
}

@description('An Azure OpenAI account that is there already. It is not changed: the app gets a role on it.')
@export()
@sealed()
type existingOpenAI = {
  kind: 'existing'

  @description('Required. Name of the account, which must be its custom subdomain too.')
  name: string

  @description('Required. Its resource group.')
  resourceGroup: string

  @description('Optional. Whether nobody but the app renders on it. Default: false. A new account is the app\'s own.')
  exclusive: bool?

  @description('Optional. Its subscription. Default: the one that is deployed to.')
  subscriptionId: string?

  @description('Optional. The video model.')
  video: modelUse?

  @description('Optional. The image model.')
  image: modelUse?

  @description('Optional. The language model.')
  language: modelUse?
}

@description('Where the models are.')
@discriminator('kind')
@export()
type openAI = newOpenAI | existingOpenAI

@description('What the video deployment takes; whatever is left out comes from the app\'s own catalogue of models.')
@export()
@sealed()
type videoLimits = {
  @description('Optional. Dialect: videos (/v1/videos) or jobs (Sora 1). Default: videos.')
  api: ('jobs' | 'videos')?

  @description('Optional. Renders at once.')
  @minValue(1)
  @maxValue(100)
  maxInFlight: int?

  @description('Optional. Creates a minute.')
  @minValue(1)
  @maxValue(600)
  createsPerMinute: int?

  @description('Optional. Seconds a render takes, until the app has seen some.')
  @minValue(1)
  typicalRenderS: int?
}

@description('Settings of the app that have good defaults of their own (README, section Settings).')
@export()
@sealed()
type appOptions = {
  @description('Optional. Seconds a link to a video works.')
  @minValue(1)
  @maxValue(86400)
  linkTtlS: int?

  @description('Optional. Open jobs an owner may have.')
  @minValue(1)
  @maxValue(1000)
  maxOpenJobs: int?

  @description('Optional. Seconds until a job that no provider accepted fails.')
  @minValue(60)
  @maxValue(86400)
  defaultDeadlineS: int?

  @description('Optional. Header in which a trusted front end names the owner of a job. Not together with Entra.')
  ownerHeader: string?

  @description('Optional. Whether prompts may appear in telemetry. Default: false.')
  tracePrompts: bool?

  @description('Optional. Further lanes: the elements of LANES, without keys; each endpoint trusts the app\'s identity, or needs none.')
  lanes: lane[]?
}

@description('One more deployment at one more endpoint. It has no field for a key on purpose.')
@sealed()
type lane = {
  @description('Required. Name of the lane.')
  name: string

  @description('Required. The model as users name it.')
  model: string

  @description('Required. Base URL, up to /v1.')
  endpoint: string

  @description('Required. Name of the deployment there.')
  deployment: string

  @description('Optional. Dialect.')
  api: ('jobs' | 'videos')?

  @description('Optional. Renders at once.')
  max_in_flight: int?

  @description('Optional. Creates a minute.')
  creates_per_minute: int?

  @description('Optional. What becomes of a create whose reply was lost and whose render is not found. Default: hold.')
  on_lost_reply: ('hold' | 'resubmit')?

  @description('Optional. Price of a second, in US dollars, as text.')
  usd_per_second: string?

  @description('Optional. Whether nobody but the app renders on the account of the endpoint.')
  exclusive: bool?

  @description('Optional. Seconds a render takes.')
  typical_render_s: int?

  @description('Optional. Sizes and durations that go together.')
  offers: { sizes: string[], seconds: int[], max_variants: int? }[]?
}

@description('How the app grows.')
@export()
@sealed()
type scale = {
  @description('Optional. Memory of an instance. Default: 2048.')
  instanceMemoryMB: (512 | 2048 | 4096)?

  @description('Optional. Most instances. Default: 40.')
  @minValue(1)
  @maxValue(1000)
  maximumInstances: int?

  @description('Optional. Instances that are always there for HTTP. Default: 0, so that an idle app costs nothing.')
  @minValue(0)
  alwaysReadyHttp: int?

  @description('Optional. Instances that are always there for orchestrations. Default: 0.')
  @minValue(0)
  alwaysReadyDurable: int?

  @description('Optional. Requests an instance takes at once. Its handlers wait, they do not compute. Default: 64.')
  @minValue(32)
  @maxValue(1000)
  httpConcurrency: int?
}

@description('App Service authentication with an Entra app registration. It checks tokens, so it needs no secret.')
@export()
@sealed()
type entraAuth = {
  @description('Required. Client id of the app registration.')
  clientId: string

  @description('Optional. Its tenant. Default: that of the subscription.')
  tenantId: string?

  @description('Optional. Audiences a token may have. Default: api://{clientId} and {clientId}.')
  audiences: string[]?
}

@description('How long media are kept. The app deletes no video by itself: a rule of the storage does, and the app knows when.')
@export()
@sealed()
type retention = {
  @description('Optional. Days after which a video moves to the cool tier. Default: 30.')
  @minValue(1)
  coolAfterDays: int?

  @description('Optional. Days a video is promised for: the app says it is gone after them, the storage deletes it a day later. Default: for ever.')
  @minValue(1)
  @maxValue(3650)
  keepDays: int?

  @description('Optional. Days in which a deleted blob can be brought back. Default: 7.')
  @minValue(1)
  @maxValue(365)
  undeleteDays: int?
}

@description('How much telemetry is taken in, and how long it is kept.')
@export()
@sealed()
type logs = {
  @description('Optional. Most gigabytes a day; beyond it nothing is taken in, and no alert sees anything. Default: 5.')
  @minValue(1)
  dailyQuotaGb: int?

  @description('Optional. Days that logs are kept. Default: 30.')
  @minValue(30)
  @maxValue(730)
  keepDays: int?
}

@description('Name of a built-in role that this deployment assigns.')
@export()
type roleName =
  | 'Cognitive Services OpenAI User'
  | 'Durable Task Data Contributor'
  | 'Monitoring Metrics Publisher'
  | 'Storage Blob Data Contributor'
  | 'Storage Blob Data Owner'
  | 'Storage Blob Delegator'
  | 'Storage Queue Data Contributor'
  | 'Storage Table Data Contributor'

@description('The identifiers of those roles, the same in every tenant.')
@export()
var roleIds = {
  'Cognitive Services OpenAI User': '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
  'Durable Task Data Contributor': '0ad04412-c4d5-4796-b79c-f76d14c8d402'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Storage Blob Delegator': 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fbe8'
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}
