#!/usr/bin/env sh
# Says before anything is created what would be missing afterwards.
set -eu
if [ -z "${VIDEO_MODEL:-}" ] && [ -z "${LANES:-}" ]; then
  echo "No video model is chosen, so the app will start, say so at /env/status, and fail the smoke test. Models retire, so none is a default:"
  echo "  azd env set VIDEO_MODEL <model>; azd env set VIDEO_MODEL_VERSION <version>   (a new Azure OpenAI account)"
  echo "  azd env set OPENAI_NAME <account>; azd env set OPENAI_RESOURCE_GROUP <group>  (an existing one, too)"
  echo "  azd env set LANES '<json>'                                                   (any other server)"
fi
if [ -n "${OPENAI_NAME:-}" ] && [ -z "${OPENAI_RESOURCE_GROUP:-}" ]; then
  echo "OPENAI_NAME is set: OPENAI_RESOURCE_GROUP must name the group of that account" >&2
  exit 1
fi
if [ -n "${VIDEO_MODEL:-}" ] && [ -z "${OPENAI_NAME:-}" ] && [ -z "${VIDEO_MODEL_VERSION:-}" ]; then
  echo "VIDEO_MODEL is set for a new account: VIDEO_MODEL_VERSION must say which version is deployed" >&2
  exit 1
fi
