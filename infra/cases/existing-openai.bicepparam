// An Azure OpenAI account of another group, Entra sign-in, and the Durable Task Scheduler.
using '../main.bicep'

param environmentName = 'existing'
param location = 'eastus2'
param pythonVersion = '3.13'
param openAI = {
  kind: 'existing'
  name: 'contoso-models'
  resourceGroup: 'rg-models'
  exclusive: false
  video: { name: 'film', model: 'sora-2' }
}
param videoLimits = { api: 'videos', maxInFlight: 4, createsPerMinute: 10, typicalRenderS: 80 }
param options = {
  linkTtlS: 600
  maxOpenJobs: 500
  defaultDeadlineS: 3600
  tracePrompts: true
  lanes: [
    {
      name: 'wan'
      model: 'wan-2.7'
      api: 'videos'
      endpoint: 'https://gpu.example/v1'
      deployment: 'wan'
      usd_per_second: '0.086'
      offers: [{ sizes: ['832x480', '1280x720'], seconds: [5], max_variants: 1 }]
    }
  ]
}
param retention = { keepDays: 90 }
param durableBackend = 'DurableTaskScheduler'
param auth = { clientId: '11111111-2222-3333-4444-555555555555' }
param allowedOrigins = ['https://studio.example']
param alertEmails = ['operations@example.org']
