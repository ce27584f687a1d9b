"""The settings that the app gets on one machine."""

import json

import pytest

from local.stack.ports import Ports
from local.stack.settings import SettingError, app_environment, render_s, settings_of_user, wants_emulator

PORTS = Ports(host=1, emulator=2, blob=3, queue=4, table=5)


def settings(**environment: str) -> dict[str, str]:
    """What the app gets in that environment."""
    return app_environment(environment, PORTS, "secret")


def test_app_environment_leads_both_lanes_to_the_emulator() -> None:
    """Without a provider of the user's own, sora-2 and sora are asked at the emulator with its key."""
    given = settings()
    (lane,) = json.loads(given["LANES"])
    assert given["SORA_ENDPOINT"] == lane["endpoint"] == "http://127.0.0.1:2/openai/v1"
    assert given["SORA_AOAI_API_KEY"] == lane["api_key"] == "secret"
    assert (given["SORA_API"], lane["api"], given["OWNER_MODE"]) == ("videos", "jobs", "local")


@pytest.mark.parametrize("name", ["SORA_ENDPOINT", "SORA_AOAI_RESOURCE"])
def test_app_environment_mixes_nothing_into_a_provider_of_the_users(name: str) -> None:
    """With a provider of the user's own there is no emulator, and none of its settings."""
    given = settings(**{name: "theirs"})
    assert not wants_emulator({name: "theirs"})
    assert {key for key in given if key.startswith(("SORA_", "LANES"))} == {name}


def test_app_environment_lets_the_user_win() -> None:
    """A setting of the user wins over a default, and an empty one counts as not set."""
    given = settings(SORA_MAX_IN_FLIGHT="7", SORA_DEPLOYMENT="", LINK_TTL_S="5", OWNER_MODE="key")
    assert (given["SORA_MAX_IN_FLIGHT"], given["SORA_DEPLOYMENT"]) == ("7", "sora-2")
    assert (given["LINK_TTL_S"], given["OWNER_MODE"]) == ("5", "key")


def test_app_environment_always_stores_in_azurite() -> None:
    """A storage account in the user's environment is never written to by a local stack."""
    given = settings(AzureWebJobsStorage="real", STORAGE_CONNECTION_STRING="real", STORAGE_ACCOUNT_NAME="real")
    assert "real" not in given.values()
    assert given["AzureWebJobsStorage"] == given["STORAGE_CONNECTION_STRING"]
    assert "BlobEndpoint=http://127.0.0.1:3/devstoreaccount1;" in given["STORAGE_CONNECTION_STRING"]


def test_app_environment_knows_how_long_a_render_takes() -> None:
    """The app expects renders to take what the emulator was told to take."""
    given = settings(LAB_RENDER_S="3")
    assert given["SORA_TYPICAL_RENDER_S"] == "3"
    assert json.loads(given["LANES"])[0]["typical_render_s"] == 3


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf"])
def test_render_s_refuses_what_is_no_duration(text: str) -> None:
    """A duration that cannot be is named with its value."""
    with pytest.raises(SettingError, match="LAB_RENDER_S"):
        render_s({"LAB_RENDER_S": text})


def test_settings_of_user_names_no_value() -> None:
    """What overrules the defaults is told by name, since some of it is secret."""
    environment = {"SORA_AOAI_API_KEY": "hush", "LANES": "[]", "LANESOME": "x", "SORA_MODEL": "", "PATH": "/bin"}
    assert settings_of_user(environment) == ["LANES", "SORA_AOAI_API_KEY"]
