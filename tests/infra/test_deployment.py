"""Rules of what a deployment creates, held against the compiler's predicted resources of each case."""

import re
from typing import Any

import pytest

from shared import config
from shared.storage import CONTAINER_NAME, TABLE_NAME
from tests.infra.compiler import ROOT
from tests.infra.prediction import APP_SETTINGS, Prediction, complaints


def test_roles_settings_and_secrets(predicted: Prediction) -> None:
    """The identity has exactly the listed roles, the app exactly the needed settings, and none of it is a secret."""
    assert complaints(predicted) == []


def test_settings_are_read_without_a_fault(predicted: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app, started with the predicted settings, finds nothing wrong with them, and its video model."""
    for name in APP_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in predicted.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WEBSITE_INSTANCE_ID", "predicted")
    if predicted.resources("Microsoft.Web/sites/config"):
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    read = config.read()
    assert read.faults == ()
    assert predicted.settings["SORA_MODEL"] in read.pools
    assert read.settings.storage_account_name == predicted.settings["STORAGE_ACCOUNT_NAME"]


def test_storage_takes_no_key(predicted: Prediction) -> None:
    """Both storage accounts: identities alone, TLS 1.2 or later, nothing public, deleted blobs can be brought back."""
    accounts = predicted.resources("Microsoft.Storage/storageAccounts")
    assert len(accounts) == 2
    for account in accounts:
        properties = account["properties"]
        assert properties["allowSharedKeyAccess"] is False
        assert properties["defaultToOAuthAuthentication"] is True
        assert properties["minimumTlsVersion"] in {"TLS1_2", "TLS1_3"}
        assert properties["supportsHttpsTrafficOnly"] is True
        assert properties["allowBlobPublicAccess"] is False
        assert properties["allowCrossTenantReplication"] is False
    for blobs in predicted.resources("Microsoft.Storage/storageAccounts/blobServices"):
        assert blobs["properties"]["deleteRetentionPolicy"]["enabled"] is True
        assert blobs["properties"]["containerDeleteRetentionPolicy"]["enabled"] is True
    for container in predicted.resources("Microsoft.Storage/storageAccounts/blobServices/containers"):
        assert container["properties"]["publicAccess"] == "None"


def test_storage_has_what_the_app_uses(predicted: Prediction) -> None:
    """The table and the container the app names are there, in the media storage, which is not the host's."""
    media = predicted.settings["STORAGE_ACCOUNT_NAME"]
    tables = predicted.resources("Microsoft.Storage/storageAccounts/tableServices/tables")
    containers = predicted.resources("Microsoft.Storage/storageAccounts/blobServices/containers")
    assert [one["name"] for one in tables] == [f"{media}/default/{TABLE_NAME}"]
    assert f"{media}/default/{CONTAINER_NAME}" in {one["name"] for one in containers}
    hosts = {one["name"] for one in predicted.resources("Microsoft.Storage/storageAccounts")} - {media}
    assert {one["name"].split("/")[0] for one in containers} == {media} | hosts


def test_media_are_kept_as_told(predictions: dict[str, Prediction]) -> None:
    """By default videos get cooler and are never deleted; else the rule deletes a day after what the app promises."""
    assert _lifecycle(predictions["defaults"]) == {"tierToCool": {"daysAfterCreationGreaterThan": 30}}
    promised_days = int(predictions["private"].settings["MEDIA_RETENTION_DAYS"])
    assert _lifecycle(predictions["private"]) == {
        "tierToCool": {"daysAfterCreationGreaterThan": 14},
        "delete": {"daysAfterCreationGreaterThan": promised_days + 1},
    }


def _lifecycle(prediction: Prediction) -> dict[str, Any]:
    (policy,) = prediction.resources("Microsoft.Storage/storageAccounts/managementPolicies")
    assert policy["name"].startswith(prediction.settings["STORAGE_ACCOUNT_NAME"])
    (rule,) = policy["properties"]["policy"]["rules"]
    assert rule["definition"]["filters"]["prefixMatch"] == [f"{CONTAINER_NAME}/"]
    return rule["definition"]["actions"]["baseBlob"]


def test_pages_may_read_only_from_named_origins(predictions: dict[str, Prediction]) -> None:
    """No origin by default; a named one may read blobs, and never write."""
    rules = {
        case: [
            rule
            for blobs in made.resources("Microsoft.Storage/storageAccounts/blobServices")
            for rule in blobs["properties"]["cors"]["corsRules"]
        ]
        for case, made in predictions.items()
    }
    assert rules["defaults"] == rules["private"] == []
    (rule,) = rules["existing-openai"]
    assert rule["allowedOrigins"] == ["https://studio.example"]
    assert set(rule["allowedMethods"]) == {"GET", "HEAD", "OPTIONS"}


def test_app_is_a_flex_app(predicted: Prediction) -> None:
    """Flex Consumption on a supported Python, at least 32 requests at once."""
    app, deployment = predicted.app, predicted.app["functionAppConfig"]
    (plan,) = predicted.resources("Microsoft.Web/serverfarms")
    assert plan["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert deployment["runtime"]["name"] == "python"
    assert deployment["runtime"]["version"] in {"3.12", "3.13"}
    assert deployment["deployment"]["storage"]["authentication"]["type"] == "UserAssignedIdentity"
    scale = deployment["scaleAndConcurrency"]
    assert scale["triggers"]["http"]["perInstanceConcurrency"] >= 32
    assert app["httpsOnly"] is True
    assert app["siteConfig"]["minTlsVersion"] == app["siteConfig"]["scmMinTlsVersion"] == "1.2"
    assert app["siteConfig"]["ftpsState"] == "Disabled"
    policies = predicted.resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {one["name"].split("/")[1] for one in policies if one["properties"]["allow"] is False} == {"ftp", "scm"}


def test_settings_that_flex_refuses_are_absent(predicted: Prediction) -> None:
    """What functionAppConfig says must not stand in app settings too (contract of Functions, section 8)."""
    refused = {
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_EXTENSION_VERSION",
        "WEBSITE_RUN_FROM_PACKAGE",
        "ENABLE_ORYX_BUILD",
        "SCM_DO_BUILD_DURING_DEPLOYMENT",
        "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
        "WEBSITE_CONTENTSHARE",
    }
    assert not refused & predicted.settings.keys()


def test_idle_app_costs_nothing_by_default(predictions: dict[str, Prediction]) -> None:
    """No instance is always ready unless somebody asks for it; then it is."""
    ready = {
        case: {
            one["name"]: one["instanceCount"]
            for one in made.app["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"]
        }
        for case, made in predictions.items()
    }
    assert ready["defaults"] == {}
    assert ready["private"] == {"http": 2, "durable": 1}


def test_telemetry_takes_identities_alone(predicted: Prediction) -> None:
    """Nobody sends telemetry, or reads logs, with a key."""
    (insights,) = predicted.resources("Microsoft.Insights/components")
    (workspace,) = predicted.resources("Microsoft.OperationalInsights/workspaces")
    assert insights["properties"]["DisableLocalAuth"] is True
    assert workspace["properties"]["features"]["disableLocalAuth"] is True
    assert "Authorization=AAD" in predicted.settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]


def test_new_models_take_no_key_and_do_not_change(predictions: dict[str, Prediction]) -> None:
    """A new Azure OpenAI account has no keys, the name the app calls it by, and models that stay as they are."""
    for case in ("defaults", "private"):
        (account,) = predictions[case].resources("Microsoft.CognitiveServices/accounts")
        assert account["properties"]["disableLocalAuth"] is True
        assert account["properties"]["customSubDomainName"] == predictions[case].settings["SORA_AOAI_RESOURCE"]
        for model in predictions[case].resources("Microsoft.CognitiveServices/accounts/deployments"):
            assert model["properties"]["versionUpgradeOption"] == "NoAutoUpgrade"
    private = predictions["private"].resources("Microsoft.CognitiveServices/accounts/deployments")
    assert [one["name"].split("/")[1] for one in private] == ["sora-2", "gpt-image", "gpt"]


def test_only_a_new_account_is_the_apps_own(
    predictions: dict[str, Prediction], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane of a new account is exclusive; that of an existing one is not, unless somebody says so."""
    for case, is_exclusive in {"defaults": True, "private": True, "existing-openai": False}.items():
        monkeypatch.setenv("SORA_EXCLUSIVE", predictions[case].settings["SORA_EXCLUSIVE"])
        assert config.read().settings.sora_exclusive is is_exclusive


def test_existing_models_are_left_alone(predictions: dict[str, Prediction]) -> None:
    """An account that is there already gets a role assignment in its own group, and nothing else."""
    existing = predictions["existing-openai"]
    assert existing.resources("Microsoft.CognitiveServices/accounts") == []
    assert existing.resources("Microsoft.CognitiveServices/accounts/deployments") == []
    assert sum("contoso-models" in one["id"] for one in existing.document["predictedResources"]) == 1


def test_entra_asks_for_a_token_everywhere_else(predictions: dict[str, Prediction]) -> None:
    """Where Entra is chosen, every request needs a token but the ones that tell nothing, and no secret is involved."""
    (config_of_auth,) = predictions["existing-openai"].resources("Microsoft.Web/sites/config")
    properties = config_of_auth["properties"]
    assert properties["platform"]["enabled"] is True
    assert properties["globalValidation"]["requireAuthentication"] is True
    assert properties["globalValidation"]["unauthenticatedClientAction"] == "Return401"
    endpoints = "".join(path.read_text("utf-8") for path in sorted((ROOT / "endpoints").glob("*.py")))
    anonymous = re.findall(r'route="([^"]+)".*AuthLevel\.ANONYMOUS', endpoints)
    assert properties["globalValidation"]["excludedPaths"] == [f"/api/v1/{route}" for route in anonymous]
    assert "clientSecretSettingName" not in properties["identityProviders"]["azureActiveDirectory"]["registration"]
    assert predictions["defaults"].resources("Microsoft.Web/sites/config") == []


def test_what_is_on_record(predictions: dict[str, Prediction]) -> None:
    """Deleted blobs of each storage, audits of a new Azure OpenAI account, and sign-ins with Entra are on record."""
    kept = {
        case: sorted(
            (re.findall(r"/(func-|oai-|sthost|stmedia)\w{13}/", one["id"])[0], log["category"])
            for one in made.resources("Microsoft.Insights/diagnosticSettings")
            for log in one["properties"]["logs"]
        )
        for case, made in predictions.items()
    }
    storage = [("sthost", "StorageDelete"), ("stmedia", "StorageDelete")]
    assert kept["defaults"] == kept["private"] == [("oai-", "Audit"), *storage]
    assert kept["existing-openai"] == [("func-", "AppServiceAuthenticationLogs"), *storage]


def test_scheduler_is_the_backend_where_chosen(predictions: dict[str, Prediction]) -> None:
    """The Durable Task Scheduler is there, and named in the settings, where it was chosen and nowhere else."""
    (hub,) = predictions["existing-openai"].resources("Microsoft.DurableTask/schedulers/taskHubs")
    settings = predictions["existing-openai"].settings
    assert hub["name"].endswith(f"/{settings['AzureFunctionsJobHost__extensions__durableTask__hubName']}")
    assert settings["AzureFunctionsJobHost__extensions__durableTask__storageProvider__type"] == "azureManaged"
    assert "Authentication=ManagedIdentity" in settings["DURABLE_TASK_SCHEDULER"]
    assert predictions["defaults"].resources("Microsoft.DurableTask/schedulers") == []


def test_private_means_private(predictions: dict[str, Prediction]) -> None:
    """One parameter closes storage, models and the app to the outside, and each has an endpoint and a zone inside."""
    private = predictions["private"]
    kinds = ("Microsoft.Storage/storageAccounts", "Microsoft.CognitiveServices/accounts", "Microsoft.Web/sites")
    for kind in kinds:
        for one in private.resources(kind):
            assert one["properties"]["publicNetworkAccess"] == "Disabled", one["name"]
    connected = [
        (one["name"].rsplit("-", 1)[0], one["properties"]["privateLinkServiceConnections"][0]["properties"]["groupIds"])
        for one in private.resources("Microsoft.Network/privateEndpoints")
    ]
    assert connected == [
        ("pe-host-blob", ["blob"]),
        ("pe-host-queue", ["queue"]),
        ("pe-host-table", ["table"]),
        ("pe-media-blob", ["blob"]),
        ("pe-media-table", ["table"]),
        ("pe-app", ["sites"]),
        ("pe-openai", ["account"]),
    ]
    assert len(private.resources("Microsoft.Network/privateDnsZones")) == 5
    assert len(private.resources("Microsoft.Network/privateDnsZones/virtualNetworkLinks")) == 5
    (network,) = private.resources("Microsoft.Network/virtualNetworks")
    assert all(one["properties"]["networkSecurityGroup"] for one in network["properties"]["subnets"])
    assert "virtualNetworkSubnetId" in private.app
    assert not predictions["defaults"].resources("Microsoft.Network/virtualNetworks")


def test_alerts_tell_somebody(predictions: dict[str, Prediction]) -> None:
    """Every alert writes to the people who were named, and says where its runbook is."""
    for prediction in predictions.values():
        people = prediction.resources("Microsoft.Insights/actionGroups")
        alerts = prediction.resources("Microsoft.Insights/scheduledQueryRules")
        assert len(alerts) == 6
        for alert in alerts:
            assert len(alert["properties"]["actions"]["actionGroups"]) == len(people)
            assert f"#{alert['properties']['displayName']}" in alert["properties"]["description"]
