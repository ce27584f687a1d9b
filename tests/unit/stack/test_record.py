"""stack.json and the lock beside it."""

import json
import stat
from pathlib import Path

import pytest

from local.stack import record as records
from local.stack.record import AlreadyRunningError, Record

RECORD: Record = {
    "api": "http://127.0.0.1:1/api/v1",
    "api_key": "k",
    "host": "http://127.0.0.1:1",
    "emulator": None,
    "azurite": {"blob": "b", "queue": "q", "table": "t"},
    "pids": {"host": 1, "emulator": None, "azurite": 2},
    "logs": "logs",
}


def test_write_replaces_the_record_privately(tmp_path: Path) -> None:
    """The record holds a key: it is for its user alone, and nothing is left beside it."""
    records.write(tmp_path, RECORD)
    records.write(tmp_path, {**RECORD, "api_key": "other"})
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text())["api_key"] == "other"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_locked_tells_the_second_one_where_the_first_is(tmp_path: Path) -> None:
    """A second stack in a folder is refused, and told where the first one is."""
    with records.locked(tmp_path):
        records.write(tmp_path, RECORD)
        with pytest.raises(AlreadyRunningError, match=RECORD["api"]), records.locked(tmp_path):
            pass
        assert records.running(tmp_path) == RECORD


def test_running_ignores_what_a_killed_stack_left_behind(tmp_path: Path) -> None:
    """A record without its lock is of a stack that is gone."""
    records.write(tmp_path, RECORD)
    assert records.running(tmp_path) is None


def test_running_says_that_a_stack_is_still_starting(tmp_path: Path) -> None:
    """A lock without a record belongs to a stack that cannot be used yet."""
    with records.locked(tmp_path), pytest.raises(AlreadyRunningError, match="just starting"):
        records.running(tmp_path)


def test_state_folder_is_a_setting(tmp_path: Path) -> None:
    """LAB_STATE says where a stack lives; without it that is .lab in the checkout."""
    assert records.state_folder({"LAB_STATE": str(tmp_path)}) == tmp_path
    assert records.state_folder({}).name == ".lab"
