"""Rules of settings: whatever the environment holds, reading it ends in sentences, never in a stack trace."""

import json
import re
from pathlib import Path

import pytest

from shared import config

LANE = {"name": "west", "model": "sora-2", "endpoint": "https://west.example/v1", "deployment": "sora-2"}
WORKING = {
    "SORA_ENDPOINT": "http://127.0.0.1:9/openai/v1",
    "SORA_DEPLOYMENT": "my-sora",
    "STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with the least that works."""
    for name in config.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("WEBSITE_INSTANCE_ID", raising=False)
    for name, value in WORKING.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def faults() -> dict[str, str]:
    """Read the environment anew: what is wrong, by setting."""
    return {fault.setting: fault.message for fault in config.read().faults}


def test_the_seeds_settings_make_one_pool(environment: pytest.MonkeyPatch) -> None:
    """The SORA_ settings alone are one lane, with limits, offers and price from the catalogue."""
    environment.delenv("SORA_ENDPOINT")
    environment.setenv("SORA_AOAI_RESOURCE", "contoso")
    lane = config.read().pools["sora-2"].lanes[0]
    assert lane.base_url == "https://contoso.openai.azure.com/openai/v1"
    assert (lane.deployment, lane.max_in_flight, lane.creates_per_minute) == ("my-sora", 2, 2)
    assert lane.takes("1280x720", 12)
    assert str(lane.price_usd_per_s("1280x720")) == "0.10"
    assert lane.is_azure
    assert faults() == {}


def test_nothing_set_is_named_not_raised(environment: pytest.MonkeyPatch) -> None:
    """Without settings the app starts, and says what it misses."""
    for name in WORKING:
        environment.delenv(name)
    assert set(faults()) == {"SORA_DEPLOYMENT", "STORAGE_ACCOUNT_NAME"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINK_TTL_S", "0"),
        ("LINK_TTL_S", "soon"),
        ("SORA_API", "soap"),
        ("SORA_ENDPOINT", "not a url"),
        ("SORA_MAX_IN_FLIGHT", "-1"),
        ("LANES", "{"),
        ("LANES", '{"name": "x"}'),
        ("LANES", '[{"name": "x"}]'),
        ("OWNER_MODE", "anyone"),
        ("SORA_MODEL", "a/b"),
    ],
)
def test_a_bad_value_is_a_sentence_that_names_its_setting(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A value that does not parse counts as unset and is named."""
    environment.setenv(name, value)
    assert name in faults()


@pytest.mark.parametrize(
    ("more", "setting"),
    [
        ({"SORA_AOAI_RESOURCE": "contoso"}, "SORA_ENDPOINT"),
        ({"STORAGE_ACCOUNT_NAME": "media"}, "STORAGE_ACCOUNT_NAME"),
        ({"STORAGE_CONNECTION_STRING": "hello"}, "STORAGE_CONNECTION_STRING"),
        ({"SORA_ENDPOINT": "https://user:secret@gateway.example/v1"}, "SORA_ENDPOINT"),
        ({"OWNER_MODE": "local", "WEBSITE_INSTANCE_ID": "1"}, "OWNER_MODE"),
        ({"OWNER_MODE": "entra"}, "OWNER_MODE"),
        ({"LANES": json.dumps([LANE | {"name": "main"}])}, "LANES"),
        ({"LANES": json.dumps([LANE | {"model": "wan-2.7"}])}, "LANES"),
        ({"LANES": json.dumps([LANE | {"api_key_setting": "NOT_THERE"}])}, "LANES"),
    ],
)
def test_contradictions_are_named(environment: pytest.MonkeyPatch, more: dict[str, str], setting: str) -> None:
    """Settings that cannot both hold, or need another one, are faults."""
    for name, value in more.items():
        environment.setenv(name, value)
    assert setting in faults()


def test_a_model_of_ones_own_is_described_by_its_lane(environment: pytest.MonkeyPatch) -> None:
    """A server with a model nobody knows works once its lane says sizes and seconds; its price is unknown, not zero."""
    offers = [{"sizes": ["832x480"], "seconds": [5], "max_variants": 1}]
    lane = LANE | {"model": "wan-2.7", "api": "videos", "offers": offers, "api_key_setting": "WEST_KEY"}
    environment.setenv("LANES", json.dumps([lane]))
    environment.setenv("WEST_KEY", "secret")
    pool = config.read().pools["wan-2.7"]
    assert (pool.default_size, pool.default_seconds) == ("832x480", 5)
    assert pool.lanes[0].price_usd_per_s("832x480") is None
    assert pool.lanes[0].api_key is not None
    assert "secret" not in repr(config.read())


def test_two_lanes_of_one_model_are_one_pool(environment: pytest.MonkeyPatch) -> None:
    """Users name a model; its lanes are the operator's."""
    environment.setenv("LANES", json.dumps([LANE]))
    assert [lane.name for lane in config.read().pools["sora-2"].lanes] == ["main", "west"]


def test_tokens_go_to_azure_only(environment: pytest.MonkeyPatch) -> None:
    """An endpoint off Azure, or without TLS, is never sent an identity's token."""
    for elsewhere in ("https://openai.azure.com.example.org/v1", "http://contoso.openai.azure.com/openai/v1"):
        environment.setenv("SORA_ENDPOINT", elsewhere)
        assert not config.read().pools["sora-2"].lanes[0].is_azure


@pytest.mark.parametrize("own", [None, "main", "west"])
def test_an_account_is_shared_unless_it_is_said_to_be_the_apps_own(
    environment: pytest.MonkeyPatch, own: str | None
) -> None:
    """A lane is exclusive where its own setting says so, and no other lane is for that reason."""
    environment.setenv("LANES", json.dumps([LANE | ({"exclusive": True} if own == "west" else {})]))
    if own == "main":
        environment.setenv("SORA_EXCLUSIVE", "true")
    lanes = config.read().pools["sora-2"].lanes
    assert {one.name: one.exclusive for one in lanes} == {"main": own == "main", "west": own == "west"}


def test_every_setting_is_read_by_the_app() -> None:
    """No setting is there that no code reads."""
    code = [path.read_text("utf-8") for folder in ("activities", "endpoints", "shared") for path in _of(folder)]
    for name in config.Settings.model_fields:
        assert any(re.search(rf"\.{name}\b", text) for text in code), name


def _of(folder: str) -> list[Path]:
    return sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
