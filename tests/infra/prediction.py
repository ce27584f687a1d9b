"""What a deployment would create, read from the compiler's prediction, and what every deployment must hold.

Each check returns complaints instead of asserting, so that the tests of the cases and of the mutations ask the same.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from shared.config import Settings
from tests.infra.compiler import INFRA

ROLE_NAMES = {
    identifier: name
    for name, identifier in re.findall(
        r"'([A-Z][\w ]+)': '([0-9a-f-]{36})'", (INFRA / "types.bicep").read_text("utf-8")
    )
}

APP_SETTINGS = {name.upper() for name in Settings.model_fields}
SECRET_SETTINGS = {
    name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
} - {"LANES"}
# What the host, its extensions, its Python worker and the SDKs read (contracts of Functions, section 8; host.json may
# be overridden by settings named after its own paths).
HOST_SETTINGS = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AZURE_CLIENT_ID",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "PYTHON_ENABLE_OPENTELEMETRY",
}
_HUB = "AzureFunctionsJobHost__extensions__durableTask__"
SCHEDULER_SETTINGS = {
    f"{_HUB}hubName",
    f"{_HUB}storageProvider__connectionStringName",
    f"{_HUB}storageProvider__type",
    "DURABLE_TASK_SCHEDULER",
}
ALWAYS = HOST_SETTINGS | {"STORAGE_ACCOUNT_NAME", "OWNER_MODE"}
VIDEO = {"SORA_AOAI_RESOURCE", "SORA_DEPLOYMENT", "SORA_EXCLUSIVE", "SORA_MODEL"}
LIMITS = {"SORA_API", "SORA_MAX_IN_FLIGHT", "SORA_CREATES_PER_MINUTE", "SORA_TYPICAL_RENDER_S"}
OPTIONS = {
    *("LANES", "LINK_TTL_S", "MAX_OPEN_JOBS", "DEFAULT_DEADLINE_S", "MEDIA_RETENTION_DAYS", "TELEMETRY_PROMPTS"),
}

EXPECTED_SETTINGS = {
    "defaults": ALWAYS | VIDEO,
    "existing-openai": ALWAYS | VIDEO | LIMITS | OPTIONS | SCHEDULER_SETTINGS,
    "private": ALWAYS | VIDEO | {"MEDIA_RETENTION_DAYS"},
}

_ROLES = {
    ("components", "appi-", "Monitoring Metrics Publisher"),
    ("storageAccounts", "sthost", "Storage Blob Data Owner"),
    ("storageAccounts", "sthost", "Storage Queue Data Contributor"),
    ("storageAccounts", "sthost", "Storage Table Data Contributor"),
    ("storageAccounts", "stmedia", "Storage Blob Data Contributor"),
    ("storageAccounts", "stmedia", "Storage Blob Delegator"),
    ("storageAccounts", "stmedia", "Storage Table Data Contributor"),
}
EXPECTED_ROLES = {
    "defaults": _ROLES | {("accounts", "oai-", "Cognitive Services OpenAI User")},
    "existing-openai": _ROLES
    | {
        ("accounts", "contoso-models", "Cognitive Services OpenAI User"),
        ("schedulers", "dts-", "Durable Task Data Contributor"),
    },
    "private": _ROLES | {("accounts", "oai-", "Cognitive Services OpenAI User")},
}


@dataclass(frozen=True)
class Prediction:
    """The predicted resources of one case."""

    case: str
    document: dict[str, Any]

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """The resources of one type, by its full name."""
        return [one for one in self.document["predictedResources"] if one["type"] == kind]

    @property
    def app(self) -> dict[str, Any]:
        """The one function app."""
        (app,) = self.resources("Microsoft.Web/sites")
        return app["properties"]

    @property
    def settings(self) -> dict[str, str]:
        """The app settings; a value that only the deployment knows is an expression in brackets."""
        return {one["name"]: one["value"] for one in self.app["siteConfig"]["appSettings"]}

    @property
    def roles(self) -> list[tuple[str, str, str]]:
        """Each role assignment as type and name of the resource (without its made-up ending), and role."""
        return [_role(one) for one in self.resources("Microsoft.Authorization/roleAssignments")]


def _role(assignment: dict[str, Any]) -> tuple[str, str, str]:
    scope = re.search(r"/providers/Microsoft\.\w+/(\w+)/([\w-]+?)'", assignment["name"])
    assert scope, assignment["name"]
    name = re.sub(r"^(sthost|stmedia|appi-|oai-|dts-)\w{13}$", r"\1", scope[2])
    return scope[1], name, ROLE_NAMES[assignment["properties"]["roleDefinitionId"].rsplit("/", 1)[1]]


def complaints(prediction: Prediction) -> list[str]:
    """Say what is wrong with a prediction; nothing is."""
    return [*_about_roles(prediction), *_about_settings(prediction), *_about_secrets(prediction)]


def _about_roles(prediction: Prediction) -> list[str]:
    found, expected = prediction.roles, EXPECTED_ROLES[prediction.case]
    wrong = [f"role missing: {one}" for one in sorted(expected - set(found))]
    wrong += [f"role too many: {one}" for one in sorted(set(found) - expected)]
    if len(found) != len(set(found)):
        wrong.append("a role is assigned twice")
    principals = {
        one["properties"]["principalId"] for one in prediction.resources("Microsoft.Authorization/roleAssignments")
    }
    if len(principals) != 1:
        wrong.append(f"more than one identity gets roles: {principals}")
    return wrong


def _about_settings(prediction: Prediction) -> list[str]:
    found, expected = prediction.settings.keys(), EXPECTED_SETTINGS[prediction.case]
    unknown = found - APP_SETTINGS - HOST_SETTINGS - SCHEDULER_SETTINGS
    return (
        [f"setting missing: {name}" for name in sorted(expected - found)]
        + [f"setting too many: {name}" for name in sorted(found - expected)]
        + [f"neither the app nor the host knows {name}" for name in sorted(unknown)]
        + [f"{name} is a secret" for name in sorted(found & SECRET_SETTINGS)]
    )


def _about_secrets(prediction: Prediction) -> list[str]:
    """No value may come from a call that hands out keys, nor look like a credential."""
    told = json.dumps([prediction.settings, prediction.document["outputs"]])
    handed_out = re.findall(r"\blist\w*\([^)]*|AccountKey|SharedAccess|[?&]sig=|[Pp]assword|primaryKey", told)
    return [f"a secret in settings or outputs: {one}" for one in handed_out]
