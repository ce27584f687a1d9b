// A new Azure OpenAI account and nothing chosen that has a default.
using '../main.bicep'

param environmentName = 'defaults'
param location = 'swedencentral'
param openAI = {
  kind: 'new'
  video: { name: 'sora-2', model: 'sora-2', version: '2025-12-08' }
}
