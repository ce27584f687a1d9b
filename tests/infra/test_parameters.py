"""Rules of the parameters: they reach every setting of the app that Azure needs, and allow what the app allows."""

import json
import re
from typing import Any

import pytest

from shared.config import LaneSetting, Settings
from tests.infra.compiler import INFRA, Compiler
from tests.infra.prediction import APP_SETTINGS

_MAIN = (INFRA / "main.bicep").read_text("utf-8")
_NOT_ON_AZURE = {
    "SORA_AOAI_API_KEY": "an identity is trusted instead",
    "SORA_ENDPOINT": "another server is a lane",
    "STORAGE_CONNECTION_STRING": "an identity is trusted instead",
    "TOKEN_SCOPE": "the public cloud's is the default",
}


@pytest.fixture(scope="module", name="types")
def _types(compiler: Compiler) -> dict[str, Any]:
    """The user-defined types by name, as the compiled template holds them."""
    template = json.loads(compiler.check("build", INFRA / "main.bicep", "--stdout"))
    return {name.rsplit(".", 1)[-1]: one for name, one in template["definitions"].items()}


def test_every_setting_can_be_chosen() -> None:
    """A setting of the app is either filled in by main.bicep or of no use on Azure."""
    assert set(re.findall(r"^  ([A-Z_]{5,}): ", _MAIN, re.MULTILINE)) == APP_SETTINGS - _NOT_ON_AZURE.keys()


def test_numbers_have_the_apps_bounds(types: dict[str, Any]) -> None:
    """No number passes the deployment and is then refused by the app, nor the other way round."""
    chosen = re.findall(r"^  ([A-Z_]{5,}): (videoLimits|options|retention)\.\?(\w+)$", _MAIN, re.MULTILINE)
    schema = Settings.model_json_schema()["properties"]
    compared = 0
    for setting, parameter, name in chosen:
        kind = "appOptions" if parameter == "options" else parameter
        one = types[kind]["properties"][name]
        if one.get("type") != "int":
            continue
        app = next(way for way in schema[setting.lower()].get("anyOf", [schema[setting.lower()]]) if "type" in way)
        lowest = app.get("minimum", 1 if "exclusiveMinimum" in app else None)
        assert (one.get("minValue"), one.get("maxValue")) == (lowest, app.get("maximum")), setting
        compared += 1
    assert compared == 7


def test_lanes_have_every_field_but_keys(types: dict[str, Any]) -> None:
    """A lane of the deployment can say whatever a lane of the app can, except a key."""
    assert types["lane"]["properties"].keys() == LaneSetting.model_fields.keys() - {"api_key", "api_key_setting"}
