metadata name = 'Private endpoints'
metadata description = 'Services of resources inside the network, and the DNS zones that lead to them.'

import * as types from '../types.bicep'

@description('A service of a resource.')
@export()
@sealed()
type privateService = {
  @description('Required. Name of the endpoint.')
  name: string

  @description('Required. Resource id.')
  targetId: string

  @description('Required. The service, as private link calls it.')
  service: 'account' | 'blob' | 'queue' | 'scheduler' | 'sites' | 'table'
}

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Required. Network that looks names up.')
param networkId string

@description('Required. Subnet of the endpoints.')
param subnetId string

@description('Required. What is to be reached.')
param services privateService[]

// Where private link publishes each service. Only the storage suffix is told by the compiler.
var zoneOf = {
  account: 'privatelink.openai.azure.com'
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  scheduler: 'privatelink.durabletask.io'
  sites: 'privatelink.azurewebsites.net'
  table: 'privatelink.table.${environment().suffixes.storage}'
}
var kinds = union(map(services, service => service.service), [])

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for kind in kinds: {
    name: zoneOf[kind]
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (kind, n) in kinds: {
    parent: zones[n]
    name: 'lab'
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for (service, n) in services: {
    name: service.name
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: service.service
          properties: { privateLinkServiceId: services[n].targetId, groupIds: [service.service] }
        }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (service, n) in services: {
    parent: endpoints[n]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        { name: service.service, properties: { privateDnsZoneId: zones[indexOf(kinds, service.service)].id } }
      ]
    }
  }
]
