"""The whole stack as processes, in a folder of its own, used as its users do: through the command and the API."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from client.cli import app

CHECKOUT = Path(__file__).parents[2]
HOST_OPTIONS = os.environ.get("LAB_HOST_OPTIONS", "")  # `make e2e-disorder` gives some
WITHIN_S = 600 if HOST_OPTIONS else 100  # a story that died with a worker waits two minutes for the sweeper
SETTINGS = {"LAB_RENDER_S": "2", "LINK_TTL_S": "6", "LAB_HOST_OPTIONS": HOST_OPTIONS}
NOT_INHERITED = ("LAB_", "SORA_", "LANES", "AZURE", "STORAGE_", "HOST")


def plain_environment() -> dict[str, str]:
    """The environment without whatever would lead elsewhere than to the stack under test."""
    return {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Stack:
    """A stack in `state`: its supervisor, what that says, and the ways to use it."""

    state: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def record(self) -> dict[str, Any]:
        """What stands in stack.json now."""
        return json.loads((self.state / "stack.json").read_text())

    def ledger(self, prompt: str) -> list[dict[str, Any]]:
        """The renders of that prompt, as the provider accounts for them."""
        return [render for render in self.provider()["renders"] if render["prompt"] == prompt]

    def provider(self) -> dict[str, Any]:
        """The provider's whole account."""
        return httpx.get(f"{self.record['emulator']}/_emulator/ledger", timeout=10, trust_env=False).json()

    def lab(self, *arguments: str, said: str | None = None, environment: Mapping[str, str] | None = None) -> Ended:
        """Run the `lab` command to its end, in this process; an exception it lets through fails the test."""
        place = {"LAB_STATE": str(self.state), "LAB_URL": None, "LAB_KEY": None, **(environment or {})}
        result = CliRunner().invoke(app, arguments, input=said, env=place, catch_exceptions=False)
        return Ended(result.exit_code, result.stdout, result.stderr)

    def start_lab(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start the `lab` command as a process of its own and leave it running; its lines come in pipes."""
        command = [sys.executable, "-m", "client", *arguments]
        environment = {**plain_environment(), "LAB_STATE": str(self.state)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
        try:
            return subprocess.Popen(command, cwd=CHECKOUT, env=environment, **pipes)  # noqa: S603 - our own command
        finally:
            signal.signal(signal.SIGINT, before)

    def has_said(self, words: str) -> bool:
        """Whether the supervisor has printed that; fails at once where it has ended."""
        said = self.output.read_text()
        assert self.process.poll() is None, said
        return words in said


def eventually(look: Callable[[], Any], what: str = "it never happened", within_s: float = WITHIN_S) -> Any:
    """Look until there is something to see, and return it."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return seen


@contextmanager
def started(state: Path, *, until: str = "Ctrl-C stops everything", **settings: str) -> Generator[Stack]:
    """Run a stack for as long as the block lasts, as `make up` does; the block begins when it says `until`."""
    state.mkdir(parents=True, exist_ok=True)
    output = state / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.stack"],
            cwd=CHECKOUT,
            env={**plain_environment(), **SETTINGS, **settings, "LAB_STATE": str(state)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    running = Stack(state, process, output)
    try:
        eventually(lambda: running.has_said(until), f"the stack did not come up; see {output}")
        yield running
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """One stack for the session: renders take 2 s, links 6."""
    with started(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session", name="eventually")
def _eventually() -> Callable[..., Any]:
    """Wait for a condition, with a deadline."""
    return eventually


@pytest.fixture(scope="session", name="started")
def _started() -> Callable[..., Any]:
    """Start a stack of one's own: `with started(folder) as stack`."""
    return started
