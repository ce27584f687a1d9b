"""Failures to start: one line that says what to do, and exit code 1."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.functions_host.running_host import APP, ROOT

GOOD_HOST = '{"version": "2.0"}'
GOOD_APP = "import azure.functions as func\napp = func.FunctionApp()\n"


def refused(app: Path, state: Path, *options: str) -> str:
    """The one line of a host that does not start."""
    command = [sys.executable, "-m", "local.functions_host", "--app", app, "--state", state, "--port", "0", *options]
    ended = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )
    lines = ended.stderr.strip().splitlines()
    assert ended.returncode == 1
    assert len([line for line in lines if not line.startswith("20")]) == 1, ended.stderr
    assert lines[-1].startswith("functions host: ")
    return lines[-1]


def app_of(folder: Path, code: str = GOOD_APP, host: str = GOOD_HOST) -> Path:
    """An app made of these two files."""
    (folder / "function_app.py").write_text(code)
    (folder / "host.json").write_text(host)
    return folder


@pytest.mark.parametrize(
    ("host_json", "told"),
    [
        ("{", "host.json cannot be read"),
        ("[]", "must hold a JSON object"),
        ('{"version": "1.0"}', 'must say "version": "2.0", not "1.0"'),
        ('{"version": "2.0", "functionTimeout": "soon"}', "'functionTimeout'"),
        (
            json.dumps({"version": "2.0", "extensions": {"durableTask": {"maxConcurrentActivityFunctions": 0}}}),
            "'maxConcurrentActivityFunctions'",
        ),
    ],
)
def test_bad_host_json(tmp_path: Path, host_json: str, told: str) -> None:
    """The file and the value are named."""
    assert told in refused(app_of(tmp_path, host=host_json), tmp_path / "state")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "defines no FunctionApp or DFApp"),
        (f"{GOOD_APP}other = func.FunctionApp()\n", "defines 2 function apps"),
        (f"{GOOD_APP}@app.route()\ndef f(wrong): ...\n", "binding 'req' has no parameter of that name"),
        (f"{GOOD_APP}@app.route()\ndef f(req, more): ...\n", "parameter 'more' has no binding"),
        (f"{GOOD_APP}@app.route()\ndef f(req: int): ...\n", "annotated int, which does not fit a httpTrigger"),
        (f"{GOOD_APP}@app.route()\ndef f(req: func.Out[str]): ...\n", "disagree whether it is an output"),
        (f"{GOOD_APP}@app.route(route='{{a:odd}}')\ndef f(req): ...\n", "does not know the constraint 'odd'"),
        (f"{GOOD_APP}@app.timer_trigger('t', '* *')\ndef f(t): ...\n", "its schedule is wrong"),
        (f"{GOOD_APP}@app.timer_trigger('t', '%NOT_SET%')\ndef f(t): ...\n", "names the app setting %NOT_SET%"),
        (f"{GOOD_APP}@app.function_name('f')\ndef f(req): ...\n", "does not have a trigger"),
        (
            f"{GOOD_APP}@app.route()\ndef f(req): ...\n@app.function_name('f')\n@app.route()\ndef g(req): ...\n",
            "does not have a unique",
        ),
    ],
)
def test_bad_app(tmp_path: Path, code: str, told: str) -> None:
    """What the worker would refuse to load is refused here, naming function and fault."""
    assert told in refused(app_of(tmp_path, code), tmp_path / "state")


def test_missing_files(tmp_path: Path) -> None:
    """Without host.json or function_app.py there is nothing to run."""
    assert "There is no host.json" in refused(tmp_path, tmp_path / "state")
    (tmp_path / "host.json").write_text(GOOD_HOST)
    assert "There is no function_app.py" in refused(tmp_path, tmp_path / "state")


def test_bad_local_settings(tmp_path: Path) -> None:
    """A settings file that cannot be read is not skipped."""
    app = app_of(tmp_path)
    (app / "local.settings.json").write_text("{")
    assert "local.settings.json cannot be read" in refused(app, tmp_path / "state")


def test_bad_store(tmp_path: Path) -> None:
    """A broken file, another program's, or a newer version's is refused and left as it is."""
    app, state = app_of(tmp_path), tmp_path / "state"
    state.mkdir()
    store = state / "store.sqlite3"
    store.write_bytes(b"no database " * 100)
    assert "cannot be used: file is not a database" in refused(app, state)
    assert store.read_bytes() == b"no database " * 100
    store.unlink()
    with sqlite3.connect(store) as db:
        db.execute("CREATE TABLE mine (id)")
    assert "is a database of another program" in refused(app, state)
    store.unlink()
    with sqlite3.connect(store) as db:
        db.executescript("CREATE TABLE mine (id); PRAGMA application_id = 1179143234; PRAGMA user_version = 99")
    assert "was written by a newer version of this host (schema 99" in refused(app, state)


def test_taken_port(tmp_path: Path) -> None:
    """The address is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Cannot listen on 127.0.0.1:{port}" in refused(APP, tmp_path / "state", "--port", port)
