"""The whole stack as processes, in a folder of its own, used as its users do: through the command and the API."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

CHECKOUT = Path(__file__).parents[2]
WITHIN_S = 100
SETTINGS = {"LAB_RENDER_S": "2", "LINK_TTL_S": "6"}
NOT_INHERITED = ("LAB_", "SORA_", "LANES", "AZURE", "STORAGE_", "HOST")


def plain_environment() -> dict[str, str]:
    """The environment without whatever would lead elsewhere than to the stack under test."""
    return {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}


@dataclass(frozen=True)
class Stack:
    """A stack in `state`: its supervisor, what that says, and the ways to use it."""

    state: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the command finds this stack."""
        return {**plain_environment(), "LAB_STATE": str(self.state)}

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

    def lab(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the `lab` command to its end."""
        environment = self.environment | options.pop("environment", {})
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "client", *arguments],
            cwd=CHECKOUT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            **options,
        )

    def start_lab(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start the `lab` command and leave it running; its lines come in pipes."""
        command = [sys.executable, "-m", "client", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        return subprocess.Popen(command, cwd=CHECKOUT, env=self.environment, **pipes)  # noqa: S603 - our own command

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
def started(state: Path, *, until: str = "Ctrl-C stops everything") -> Generator[Stack]:
    """Run a stack for as long as the block lasts, as `make up` does; the block begins when it says `until`."""
    state.mkdir(parents=True, exist_ok=True)
    output = state / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.stack"],
            cwd=CHECKOUT,
            env={**plain_environment(), **SETTINGS, "LAB_STATE": str(state)},
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
