#!/usr/bin/env sh
# Prints where things are, once they are there.
set -eu
echo "API            ${LAB_URL}"
echo "Status         ${LAB_URL}/env/status (with a key)"
echo "Description    ${LAB_URL}/openapi.json"
echo "Resource group https://portal.azure.com/#resource/subscriptions/${AZURE_SUBSCRIPTION_ID}/resourceGroups/${AZURE_RESOURCE_GROUP}"
echo "A key          az functionapp keys list --resource-group ${AZURE_RESOURCE_GROUP} --name ${SERVICE_API_NAME} --query functionKeys.default --output tsv"
