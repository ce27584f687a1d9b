"""A real Azurite for every test that needs storage: free loopback ports, a temporary directory, stopped by pid."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import pytest

from shared import config, storage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROGRAM = Path(__file__).parents[2] / "local" / "node_modules" / ".bin" / "azurite"
ACCOUNT = "devstoreaccount1"
# The account key that every Azurite has; it is published in its documentation and guards nothing.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
START_WITHIN_S = 30
STOP_WITHIN_S = 10
_REQUEST = re.compile(r'"[A-Z]+ /\S+ HTTP')
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (\S+)")


@dataclass(frozen=True)
class Azurite:
    """One running Azurite: the addresses of its services and the process that serves them."""

    blob: str
    queue: str
    table: str
    process: subprocess.Popen[str]
    requests: list[str] = field(default_factory=list)
    """Its access log, one line a request it has answered, where that was asked for."""

    @property
    def pid(self) -> int:
        """The process to signal, for tests that pause or stop it."""
        return self.process.pid

    @property
    def connection_string(self) -> str:
        """What every SDK and the Functions host take as the address of the account."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
            f"BlobEndpoint={self.blob};QueueEndpoint={self.queue};TableEndpoint={self.table};"
        )

    def stop(self) -> None:
        """End the process, politely first, and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _start(
    directory: Path, *, blob_port: int = 0, queue_port: int = 0, table_port: int = 0, logs: bool = False
) -> Azurite:
    """Start Azurite on `directory`; port 0 lets the system choose, so that nobody else can take it in between."""
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is not there; `npm ci` in local/ installs Azurite")
    ports = {"blob": blob_port, "queue": queue_port, "table": table_port}
    listen = [
        part for name, port in ports.items() for part in (f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port))
    ]
    process = subprocess.Popen(  # noqa: S603 - the program is the one this repository pins
        [
            *(PROGRAM, "--skipApiVersionCheck", "--disableTelemetry", "--location", str(directory)),
            *([] if logs else ["--silent"]),
            *listen,
        ],
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    lines: queue.Queue[str | None] = queue.Queue()
    requests: list[str] = []
    threading.Thread(target=_read, args=(process.stdout, lines, requests), daemon=True).start()
    try:
        addresses = _wait_for_addresses(lines)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Azurite(addresses["Blob"], addresses["Queue"], addresses["Table"], process, requests)


def _read(stream: IO[str], lines: queue.Queue[str | None], requests: list[str]) -> None:
    """Drain the process's output for as long as it lives, so that a full pipe never stops it."""
    with stream:
        for line in stream:
            if _REQUEST.search(line):
                requests.append(line)
            else:
                lines.put(line)
    lines.put(None)


def _wait_for_addresses(lines: queue.Queue[str | None]) -> dict[str, str]:
    deadline = time.monotonic() + START_WITHIN_S
    said: list[str] = []
    addresses: dict[str, str] = {}
    while len(addresses) < 3:  # blob, queue, table
        try:
            line = lines.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            line = None
        if line is None:
            pytest.fail(f"Azurite did not come up within {START_WITHIN_S} s and said:\n{''.join(said)}")
        said.append(line)
        if found := _LISTENING.search(line):
            addresses[found[1]] = f"{found[2]}/{ACCOUNT}"
    return addresses


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One Azurite for the whole session: tests keep apart by their own partitions and blob names."""
    running = _start(tmp_path_factory.mktemp("azurite"))
    yield running
    running.stop()


class StartAzurite(Protocol):
    """Start one more Azurite, on given ports or on free ones."""

    def __call__(
        self, directory: Path, *, blob_port: int = 0, queue_port: int = 0, table_port: int = 0, logs: bool = False
    ) -> Azurite:
        """Keep its data in `directory`; a second start there has what the first one wrote. `logs` keeps `requests`."""
        ...


@pytest.fixture
def start_azurite() -> Iterator[StartAzurite]:
    """For tests that stop, pause or move their storage: what they start ends with the test."""
    with ExitStack() as started:

        def start(
            directory: Path, *, blob_port: int = 0, queue_port: int = 0, table_port: int = 0, logs: bool = False
        ) -> Azurite:
            running = _start(directory, blob_port=blob_port, queue_port=queue_port, table_port=table_port, logs=logs)
            started.callback(running.stop)
            return running

        yield start


@pytest.fixture
async def lab_storage(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Azurite]:
    """Point the app's settings at Azurite for one test, and close what the test opened."""
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", azurite.connection_string)
    monkeypatch.delenv("STORAGE_ACCOUNT_NAME", raising=False)
    config.configuration.cache_clear()
    yield azurite
    await storage.close()
    config.configuration.cache_clear()
