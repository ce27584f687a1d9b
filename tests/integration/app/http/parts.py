"""The parts of a lab as processes that can be killed, paused and started again: storage, provider, host."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from azure.data.tables import TableClient, UpdateMode
from azure.storage.blob import ContainerClient

from tests.integration.app.http.conftest import ROOT, RunningHost, free_port, small_lane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from tests.integration.conftest import Azurite, StartAzurite

WITHIN_S = 100
_client = httpx.Client(timeout=30)


def wait_until(what: str, is_so: Callable[[], object], within_s: float = WITHIN_S, every_s: float = 0.05) -> None:
    """Return as soon as it is so."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(every_s)


@dataclass
class RunningEmulator:
    """One emulator process; it can be killed and started again at the same address, on the same state."""

    folder: Path
    options: Sequence[str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def admin(self) -> str:
        """The base URL of what the real service does not have."""
        return f"http://127.0.0.1:{self.port}/_emulator"

    def start(self) -> None:
        """Start it, and return once it answers."""
        command = [sys.executable, "-m", "local.azure_openai", "--port", str(self.port), "--state", str(self.folder)]
        self.process = subprocess.Popen([*command, *self.options], cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
        wait_until("the emulator does not answer", self._answers)

    def _answers(self) -> bool:
        try:
            return _client.get(f"{self.admin}/health").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def let(self, prompt: str, **fault: Any) -> str:
        """Add a fault for one prompt; its id."""
        answer = _client.post(f"{self.admin}/faults", json={"prompt": prompt, **fault})
        return answer.raise_for_status().json()["id"]

    def struck(self) -> dict[str, int]:
        """How often each fault has struck, by its id."""
        return {one["id"]: one["met"]["struck"] for one in _client.get(f"{self.admin}/faults").json()["faults"]}

    def renders(self) -> list[dict[str, Any]]:
        """Every render that was ever bought here."""
        return _client.get(f"{self.admin}/ledger").json()["renders"]


@dataclass
class Parts:
    """One lab in a folder of its own. Its models `wide` and `single` are one deployment with room for 60 and for 1."""

    folder: Path
    start_azurite: StartAzurite
    start_host: Callable[[dict[str, str]], RunningHost]
    ports: dict[str, int] = field(
        default_factory=lambda: {f"{it}_port": free_port() for it in ("blob", "queue", "table")}
    )

    def start(self, *emulator_options: str) -> Parts:
        """Start all three, the host last."""
        (self.folder / "azurite").mkdir()
        self.azurite = self._storage()
        wide = ("--max-in-flight", "1000", "--creates-per-minute", "1000")
        self.emulator = RunningEmulator(self.folder / "emulator", [*wide, *emulator_options])
        self.emulator.start()
        endpoint = f"http://127.0.0.1:{self.emulator.port}/openai/v1"
        lanes = [
            small_lane("wide", endpoint, max_in_flight=60),
            small_lane("single", endpoint, max_in_flight=1),
            small_lane("busy", endpoint),
        ]
        connection = self.azurite.connection_string
        storage = {"STORAGE_CONNECTION_STRING": connection, "AzureWebJobsStorage": connection}
        owners = {"OWNER_MODE": "key", "OWNER_HEADER": "x-lab-owner"}
        self.host = self.start_host({**storage, **owners, "LANES": json.dumps(lanes)})
        return self

    def stop_storage(self) -> None:
        """Stop Azurite as its users do; it writes everything down first."""
        self.azurite.stop()

    def start_storage(self) -> None:
        """Start Azurite again at the same addresses, on the same data."""
        self.azurite = self._storage()

    def _storage(self) -> Azurite:
        return self.start_azurite(self.folder / "azurite", **self.ports)

    def blobs(self) -> list[str]:
        """The names of everything that is stored."""
        with ContainerClient.from_connection_string(self.azurite.connection_string, "videos") as container:
            return list(container.list_blob_names())

    def running_rows(self) -> list[dict[str, Any]]:
        """The rows of admitted jobs, of all pools."""
        with TableClient.from_connection_string(self.azurite.connection_string, "lab") as table:
            return [dict(row) for row in table.query_entities("RowKey ge 'run!' and RowKey lt 'run!~'")]

    def age_running_rows(self, by: timedelta) -> None:
        """Let all admissions be so much longer ago."""
        with TableClient.from_connection_string(self.azurite.connection_string, "lab") as table:
            for row in self.running_rows():
                keys = {name: row[name] for name in ("PartitionKey", "RowKey")}
                table.update_entity(keys | {"admitted_at": row["admitted_at"] - by}, mode=UpdateMode.MERGE)

    def sweep(self) -> None:
        """Let the sweeper run now, as an operator may."""
        master = json.loads((self.host.state / "keys.json").read_text())["master"]
        url = f"http://127.0.0.1:{self.host.port}/admin/functions/sweep"
        _client.post(url, json={"input": ""}, headers={"x-functions-key": master}).raise_for_status()
