"""Failures to start: one line that says what to do, and exit code 1."""

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from local.functions_host.store_file import SCHEMA_VERSION, open_store
from tests.integration.functions_host.running_host import APP, ROOT


def refused(app: Path, state: Path, *options: str) -> str:
    """The one line of a host that does not start."""
    command = [sys.executable, "-m", "local.functions_host", "--app", app, "--state", state, "--port", "0", *options]
    ended = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )
    told = [line for line in ended.stderr.splitlines() if not line.startswith("20")]
    assert (ended.returncode, len(told)) == (1, 1), ended.stderr
    assert told[0].startswith("functions host: ")
    return told[0]


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    """The file is named."""
    assert "There is no host.json" in refused(tmp_path, tmp_path / "state")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--latency", "2", "1"), "--latency 2 1 is no range of seconds: 0 <= MIN <= MAX"),
        (("--latency", "-1", "1"), "--latency -1 1 is no range"),
        (("--duplicate", "1.5"), "--duplicate 1.5 is no chance: it must be from 0 to 1"),
        (("--worker-dies", "nan"), "--worker-dies nan is no chance"),
    ],
)
def test_disorder_that_cannot_be(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    """The option is named with its value and what is allowed."""
    assert reason in refused(APP, tmp_path / "state", *options)


def test_app_that_cannot_be_loaded(tmp_path: Path) -> None:
    """The fault of the app is named, with file and line, without a traceback."""
    (tmp_path / "function_app.py").write_text("import no_such_module")
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    told = refused(tmp_path, tmp_path / "state")
    assert "No module named 'no_such_module'" in told
    assert "function_app.py, line 1" in told


def test_store_that_is_no_database(tmp_path: Path) -> None:
    """A file that SQLite cannot read is refused, and left as it is."""
    store = tmp_path / "store.sqlite3"
    store.write_bytes(b"no database " * 100)
    assert "cannot be used: file is not a database" in refused(APP, tmp_path)
    assert store.read_bytes() == b"no database " * 100


def test_store_that_is_damaged(tmp_path: Path) -> None:
    """A store whose head is whole and whose inside is not is refused before anything runs, and left as it is."""
    store = tmp_path / "store.sqlite3"
    open_store(store).close()
    whole = store.read_bytes()
    damaged = whole[:4096] + b"?" * (len(whole) - 4096)
    store.write_bytes(damaged)
    assert f"{store} is damaged" in refused(APP, tmp_path)
    assert store.read_bytes() == damaged


def test_store_of_a_newer_version(tmp_path: Path) -> None:
    """It is named with both versions, and what to do; nothing is changed in it."""
    store = tmp_path / "store.sqlite3"
    with open_store(store) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    told = refused(APP, tmp_path)
    assert f"{store} was written by a newer version of this host (schema {SCHEMA_VERSION + 1}, this one reads" in told
    assert told.endswith("delete it, or name another folder with --state.")
    with sqlite3.connect(store) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)


def test_keys_that_cannot_be_read(tmp_path: Path) -> None:
    """The file is named, and what to do."""
    for text in ("{", '{"function": "x"}'):
        (tmp_path / "keys.json").write_text(text)
        assert "keys.json cannot be used: " in refused(APP, tmp_path)


def test_taken_port(tmp_path: Path) -> None:
    """The address is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Cannot listen on 127.0.0.1:{port}" in refused(APP, tmp_path / "state", "--port", port)
