"""The emulator as a process: restarts, kills, and what it says where it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.azure_openai.__main__ import main
from local.azure_openai.config import WELL_KNOWN_KEY
from local.azure_openai.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.azure_openai.conftest import Process

HEADERS = {"api-key": WELL_KNOWN_KEY}


JOBS = "openai/v1/video/generations/jobs"
PREVIEW = {"api-version": "preview"}


def create(process: Process, prompt: str, seconds: int) -> str:
    """Create a small job, whose film is quickly drawn; return its id."""
    body = {"model": "sora", "prompt": prompt, "width": 480, "height": 480, "n_seconds": seconds}
    return httpx.post(f"{process.url}/{JOBS}", params=PREVIEW, json=body, headers=HEADERS).json()["id"]


def get(process: Process, identity: str) -> dict[str, Any]:
    """Get a job."""
    return httpx.get(f"{process.url}/{JOBS}/{identity}", params=PREVIEW, headers=HEADERS).json()


def test_killed_emulator_goes_on_where_it_was(start_process: Callable[..., Process], tmp_path: Path) -> None:
    """After `kill -9` in the middle of drawing, a new process knows every render and finishes their films."""
    process = start_process(tmp_path, "--render-s", "0.2")
    done = create(process, "before the kill", 1)
    process.wait("the first film", lambda: get(process, done)["status"] == "succeeded")
    before = get(process, done)
    refused = {"model": "sora-2", "prompt": "[moderated]"}
    httpx.post(f"{process.url}/openai/v1/videos", json=refused, headers=HEADERS)
    cut = create(process, "cut off", 12)
    process.wait("the drawing", lambda: any(tmp_path.glob("films/*.part")))
    process.popen.kill()
    process.popen.wait()

    again = start_process(tmp_path, "--render-s", "0.2")
    assert get(again, done) == before
    assert [one["prompt"] for one in again.ledger()["refused"]] == ["[moderated]"]
    again.wait("the film that was cut off", lambda: get(again, cut)["status"] == "succeeded")
    generation = get(again, cut)["generations"][0]["id"]
    path = f"openai/v1/video/generations/{generation}/content/video"
    content = httpx.get(f"{again.url}/{path}", params=PREVIEW, headers=HEADERS).content
    assert content[4:8] == b"ftyp"
    assert [one["billed"] for one in again.ledger()["renders"]] == [True, True]


def test_sigterm_stops_it_although_it_draws(start_process: Callable[..., Process], tmp_path: Path) -> None:
    """A drawing in progress does not hold up the end, and leaves no half file under a film's name."""
    process = start_process(tmp_path)
    create(process, "a long film", 20)
    process.wait("the drawing", lambda: any(tmp_path.glob("films/*.part")))
    process.popen.send_signal(signal.SIGTERM)
    assert process.popen.wait(timeout=10) in (0, -signal.SIGTERM)
    assert not list(tmp_path.glob("films/*.mp4"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--port", "taken"], "cannot listen on 127.0.0.1"),
        (["--state", "a-file"], "cannot keep state in"),
        (["--state", "in-use"], "cannot use the state in"),
        (["--state", "broken"], "cannot use the state in"),
        (["--deployment", "sora-2"], "--deployment takes NAME=MODEL"),
        (["--deployment", "films=sora-9"], "no model 'sora-9'"),
        (["--render-s", "0"], "a render takes more than 0 s"),
        (["--max-in-flight", "0"], "max-in-flight must be at least 1"),
        (["--key", ""], "the key must not be empty"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], reason: str
) -> None:
    """Exit code 2 and one line on stderr, no traceback."""
    (tmp_path / "a-file").touch()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "emulator.db").write_bytes(b"not a database" * 100)
    (tmp_path / "in-use").mkdir()
    owner = Store(tmp_path / "in-use")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        places = {name: str(tmp_path / name) for name in ("a-file", "in-use", "broken")}
        places["taken"] = str(taken.getsockname()[1])
        given = [places.get(option, option) for option in options]
        assert main(["--port", "0", "--state", str(tmp_path / "new"), *given]) == 2
    owner.close()
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


def test_process_that_cannot_start_ends_with_code_2(tmp_path: Path) -> None:
    """The exit code reaches whoever started it."""
    command = [sys.executable, "-m", "local.azure_openai", "--state", str(tmp_path), "--deployment", "sora-2"]
    root = Path(__file__).parents[3]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 -- ours
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
