metadata name = 'Network'
metadata description = 'A network of the app\'s own: one subnet the app\'s requests leave from, one for private endpoints.'

import * as types from '../types.bicep'

@description('Required. Name of the network.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags types.tags

@description('Optional. Addresses of the network: a /24 or larger.')
param addressPrefix string = '10.42.0.0/24'

resource fence 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: '${name}-fence'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https-from-inside'
        properties: {
          access: 'Allow'
          description: 'Private endpoints answer HTTPS from the network and what is peered with it.'
          destinationAddressPrefix: 'VirtualNetwork'
          destinationPortRange: '443'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
        }
      }
      {
        name: 'nothing-else'
        properties: {
          access: 'Deny'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
          direction: 'Inbound'
          priority: 4096
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
        }
      }
    ]
  }
}

// Subnets have no way out by default. Telemetry and providers off Azure need one, and this gives it a fixed address.
resource outwardAddress 'Microsoft.Network/publicIPAddresses@2024-07-01' = {
  name: '${name}-out'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource outward 'Microsoft.Network/natGateways@2024-07-01' = {
  name: '${name}-out'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: outwardAddress.id }] }
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          defaultOutboundAccess: false
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
          natGateway: { id: outward.id }
          networkSecurityGroup: { id: fence.id }
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          defaultOutboundAccess: false
          networkSecurityGroup: { id: fence.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }

  resource appSubnet 'subnets' existing = {
    name: 'app'
  }

  resource endpointSubnet 'subnets' existing = {
    name: 'endpoints'
  }
}

@description('Resource id of the network.')
output resourceId string = network.id

@description('Subnet that the app\'s requests leave from.')
output appSubnetId string = network::appSubnet.id

@description('Subnet of the private endpoints.')
output endpointSubnetId string = network::endpointSubnet.id
