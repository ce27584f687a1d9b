"""Which lab the command talks to."""

import json
from pathlib import Path

import pytest

from client.target import NoTargetError, Target, find_target


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with the record of a running stack."""
    (tmp_path / "stack.json").write_text(json.dumps({"api": "http://127.0.0.1:1234/api/v1", "api_key": "local"}))
    return tmp_path


def test_find_target_prefers_the_environment(state: Path) -> None:
    """LAB_URL and LAB_KEY win over a stack that runs here."""
    environment = {"LAB_URL": "https://lab.example/api/v1", "LAB_KEY": "k", "LAB_STATE": str(state)}
    assert find_target(environment) == Target("https://lab.example/api/v1", "k")


def test_find_target_never_sends_the_stacks_key_elsewhere(state: Path) -> None:
    """With LAB_URL alone there is no key: the local stack's key belongs to the local stack."""
    assert find_target({"LAB_URL": "https://lab.example", "LAB_STATE": str(state)}).key is None


def test_find_target_uses_the_running_stack(state: Path) -> None:
    """Without LAB_URL the stack's own address and key are used, and LAB_KEY where it is set."""
    assert find_target({"LAB_STATE": str(state)}) == Target("http://127.0.0.1:1234/api/v1", "local")
    assert find_target({"LAB_STATE": str(state), "LAB_KEY": "mine"}).key == "mine"


def test_find_target_without_any_lab_says_what_to_set(tmp_path: Path) -> None:
    """Where there is no lab, the message names the setting and the command that would give one."""
    with pytest.raises(NoTargetError, match=r"LAB_URL.*make up"):
        find_target({"LAB_STATE": str(tmp_path)})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"api": 5, "api_key": ""}'])
def test_find_target_refuses_a_broken_record(tmp_path: Path, text: str) -> None:
    """A record that cannot be read is named, not followed."""
    (tmp_path / "stack.json").write_text(text)
    with pytest.raises(NoTargetError, match=r"stack\.json"):
        find_target({"LAB_STATE": str(tmp_path)})


@pytest.mark.parametrize("url", ["lab.example", "ftp://lab.example", "http://", "http://[", "https://lab:port/"])
def test_find_target_refuses_what_is_no_address(url: str) -> None:
    """An address that cannot be one is refused before anything is sent."""
    with pytest.raises(NoTargetError, match="LAB_URL"):
        find_target({"LAB_URL": url})
