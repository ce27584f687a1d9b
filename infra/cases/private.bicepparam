// Nothing is reached from outside the network; everything is always warm.
using '../main.bicep'

param environmentName = 'private'
param location = 'westeurope'
param openAI = {
  kind: 'new'
  location: 'swedencentral'
  video: { name: 'sora-2', model: 'sora-2', version: '2025-12-08', capacity: 2 }
  image: { name: 'gpt-image', model: 'gpt-image-1', version: '2025-04-15' }
  language: { name: 'gpt', model: 'gpt-4.1-mini', version: '2025-04-14', sku: 'DataZoneStandard', capacity: 10 }
}
param scale = {
  instanceMemoryMB: 4096
  maximumInstances: 100
  alwaysReadyHttp: 2
  alwaysReadyDurable: 1
  httpConcurrency: 128
}
param retention = { coolAfterDays: 14, keepDays: 365, undeleteDays: 30 }
param logs = { dailyQuotaGb: 50, keepDays: 90 }
param storageRedundancy = 'Standard_GZRS'
param privateNetwork = true
param alertEmails = ['operations@example.org']
