"""The app's settings on one machine: the stack's defaults, and where the user's own environment wins. Pure."""

import json
import math
from collections.abc import Mapping

from local.stack.ports import LOOPBACK, Ports

# The account every Azurite has. Name and key are published in its documentation and guard nothing.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

ACCOUNT = "STORAGE_ACCOUNT_NAME"  # the app's other way to name its storage; it would contradict Azurite's address

EMULATOR_DEPLOYMENTS = {"sora-2": "sora-2", "sora": "sora"}  # deployment: model
MAX_IN_FLIGHT = 2
CREATES_PER_MINUTE = 60
RENDER_S = "5"


class SettingError(Exception):
    """A setting of the stack itself is wrong; the text names it and what it may be."""


def wants_emulator(environment: Mapping[str, str]) -> bool:
    """Whether the user named no video provider of their own."""
    return not (environment.get("SORA_ENDPOINT") or environment.get("SORA_AOAI_RESOURCE"))


def azurite_addresses(ports: Ports) -> dict[str, str]:
    """The three services of Azurite, account included."""
    services = {"blob": ports.blob, "queue": ports.queue, "table": ports.table}
    return {name: f"http://{LOOPBACK}:{port}/{AZURITE_ACCOUNT}" for name, port in services.items()}


def connection_string(ports: Ports) -> str:
    """What the storage SDKs and the Functions host take as the address of an account."""
    addresses = azurite_addresses(ports)
    return (
        f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY};"
        f"BlobEndpoint={addresses['blob']};QueueEndpoint={addresses['queue']};TableEndpoint={addresses['table']};"
    )


def render_s(environment: Mapping[str, str]) -> float:
    """Return how long the emulator takes for a render, in seconds: LAB_RENDER_S or a default. Raises SettingError."""
    text = environment.get("LAB_RENDER_S") or RENDER_S
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < math.inf:
        raise SettingError(f"LAB_RENDER_S is {text!r}; it must be a number of seconds above 0")
    return seconds


def provider_defaults(ports: Ports, key: str, typical_render_s: float) -> dict[str, str]:
    """Two lanes at the emulator: sora-2 over /videos, and sora over the jobs API."""
    endpoint = f"http://{LOOPBACK}:{ports.emulator}/openai/v1"
    second_lane = {
        "name": "sora-1",
        "model": "sora",
        "api": "jobs",
        "endpoint": endpoint,
        "deployment": "sora",
        "api_key": key,
        "max_in_flight": MAX_IN_FLIGHT,
        "creates_per_minute": CREATES_PER_MINUTE,
        "typical_render_s": typical_render_s,
    }
    return {
        "SORA_ENDPOINT": endpoint,
        "SORA_API": "videos",
        "SORA_DEPLOYMENT": "sora-2",
        "SORA_AOAI_API_KEY": key,
        "SORA_MAX_IN_FLIGHT": str(MAX_IN_FLIGHT),
        "SORA_CREATES_PER_MINUTE": str(CREATES_PER_MINUTE),
        "SORA_TYPICAL_RENDER_S": f"{typical_render_s:g}",
        "LANES": json.dumps([second_lane]),
    }


def app_environment(environment: Mapping[str, str], ports: Ports, emulator_key: str) -> dict[str, str]:
    """Return the environment the Functions host runs in.

    A setting the user gave wins over a default; storage is always this stack's Azurite, so that nothing local ever
    writes to a real account. With a provider of the user's own, no default of the emulator is mixed in.
    """
    defaults = {"OWNER_MODE": "local", "FUNCTIONS_WORKER_RUNTIME": "python"}
    if wants_emulator(environment):
        defaults |= provider_defaults(ports, emulator_key, render_s(environment))
    given = {name: value for name, value in environment.items() if (value or name not in defaults) and name != ACCOUNT}
    storage = dict.fromkeys(("AzureWebJobsStorage", "STORAGE_CONNECTION_STRING"), connection_string(ports))
    return defaults | given | storage


def settings_of_user(environment: Mapping[str, str]) -> list[str]:
    """Name the settings by which the user's environment overrules a default; names only, never values."""
    return sorted(name for name, value in environment.items() if value and _is_about_providers(name))


def _is_about_providers(name: str) -> bool:
    return name.startswith("SORA_") or name == "LANES"
