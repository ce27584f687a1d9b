#!/usr/bin/env sh
# Tries the deployed app through its public API with this repository's client. Buys nothing, unless SMOKE_RENDER=1.
set -eu
cd "$(dirname "$0")/../.."
if [ "${PRIVATE_NETWORK:-false}" = "true" ] && [ "${SMOKE_FROM_INSIDE:-}" != "1" ]; then
  echo "smoke test left out: the app is reached from inside its network alone (SMOKE_FROM_INSIDE=1 runs it there)"
  exit 0
fi
make --silent setup
if [ -n "${ENTRA_CLIENT_ID:-}" ]; then
  echo "Entra is on and this hook has no user to sign in: only the open addresses are tried"
  exec .venv/bin/python infra/hooks/smoke_test.py --open-only
fi
if [ -z "${LAB_KEY:-}" ]; then
  LAB_KEY=$(az functionapp keys list --resource-group "${AZURE_RESOURCE_GROUP}" --name "${SERVICE_API_NAME}" \
    --query functionKeys.default --output tsv)
  export LAB_KEY
fi
exec .venv/bin/python infra/hooks/smoke_test.py
