// What `azd` and the deploy workflow fill in from their environment (docs/operate.md lists the names).
using 'main.bicep'

var videoModel = readEnvironmentVariable('VIDEO_MODEL', '')
var videoName = readEnvironmentVariable('VIDEO_DEPLOYMENT', videoModel)
var existingName = readEnvironmentVariable('OPENAI_NAME', '')
var clientId = readEnvironmentVariable('ENTRA_CLIENT_ID', '')
var emails = readEnvironmentVariable('ALERT_EMAILS', '')
var origins = readEnvironmentVariable('ALLOWED_ORIGINS', '')
var keepDays = readEnvironmentVariable('MEDIA_RETENTION_DAYS', '')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'lab')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param resourceGroupName = readEnvironmentVariable('AZURE_RESOURCE_GROUP', 'rg-${environmentName}')
param pythonVersion = readEnvironmentVariable('PYTHON_VERSION', '3.12')
param durableBackend = readEnvironmentVariable('DURABLE_BACKEND', 'AzureStorage')
param privateNetwork = bool(readEnvironmentVariable('PRIVATE_NETWORK', 'false'))
param storageRedundancy = readEnvironmentVariable('STORAGE_REDUNDANCY', 'Standard_ZRS')
param alertEmails = empty(emails) ? [] : split(emails, ',')
param allowedOrigins = empty(origins) ? [] : split(origins, ',')
param auth = empty(clientId) ? null : { clientId: clientId }
param retention = empty(keepDays) ? {} : { keepDays: int(keepDays) }
param videoLimits = { api: readEnvironmentVariable('VIDEO_API', 'videos') }
param options = { lanes: json(readEnvironmentVariable('LANES', '[]')) }
param openAI = empty(videoModel)
  ? null
  : empty(existingName)
      ? {
          kind: 'new'
          location: readEnvironmentVariable('OPENAI_LOCATION', location)
          video: {
            name: videoName
            model: videoModel
            version: readEnvironmentVariable('VIDEO_MODEL_VERSION', '')
            capacity: int(readEnvironmentVariable('VIDEO_CAPACITY', '1'))
          }
        }
      : {
          kind: 'existing'
          name: existingName
          resourceGroup: readEnvironmentVariable('OPENAI_RESOURCE_GROUP', '')
          video: { name: videoName, model: videoModel }
        }
