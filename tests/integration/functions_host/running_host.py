"""A host as a process of its own, running the small app beside this file; and the requests that tests send to it."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.interpreters import python_with_worker_library

ROOT = Path(__file__).parents[3]
APP = Path(__file__).parent / "app"
DEADLINE_S = 20
FINAL = {"Completed", "Failed", "Terminated"}
WEBHOOKS = "/runtime/webhooks/durabletask"

Seen = TypeVar("Seen")


def wait_for(look: Callable[[], Seen], what: str) -> Seen:
    """What ``look`` gives as soon as it is true; fails naming ``what`` otherwise."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.02)
    pytest.fail(f"waited {DEADLINE_S} s for {what}")


@dataclass
class RunningHost:
    """One host process, restartable on the same state."""

    state: Path
    app: Path = APP
    options: tuple[str, ...] = ()
    has_worker_library: bool = field(default_factory=lambda: bool(os.environ.get("WORKER_LIBRARY")))
    settings: dict[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None
    base: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=DEADLINE_S))

    @property
    def python(self) -> str:
        """The interpreter it runs on."""
        return str(python_with_worker_library()) if self.has_worker_library else sys.executable

    def start(self) -> "RunningHost":
        """Start it and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.state.mkdir(exist_ok=True)
        settings = {
            "SAMPLE_NOTES": str(self.state / "notes"),
            "SAMPLE_BOTH": "from the environment",
            "AzureWebJobs.switched_off.Disabled": "true",
        }
        with (self.state / "log").open("ab") as log:
            command = [self.python, "-m", "local.functions_host", "--app", self.app, "--port", str(port)]
            command += ["--state", self.state, "--redelivery", "0.3", *self.options]
            command += ["--worker-library"] if self.has_worker_library else []
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                cwd=ROOT,
                env=os.environ | settings | self.settings,
                stderr=log,
            )
        wait_for(self._answers, f"the host on {self.base}")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return self.call("GET", "/admin/host/ping").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(DEADLINE_S)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def log(self) -> str:
        """All it has said so far."""
        return (self.state / "log").read_text()

    def notes(self, start: str) -> list[str]:
        """What the app noted, lines beginning with ``start``."""
        path = self.state / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(start)]

    def key(self, name: str) -> str:
        """One of the host's keys."""
        return json.loads((self.state / "keys.json").read_text())[name]

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Any request."""
        return self.http.request(method, f"{self.base}{path}", **given)

    def manage(self, method: str, path: str, **given: Any) -> httpx.Response:
        """A request to the durable webhooks, with their key."""
        headers = {"x-functions-key": self.key("durabletask_extension")} | given.pop("headers", {})
        return self.call(method, f"{WEBHOOKS}{path}", headers=headers, **given)

    def begin(self, name: str, value: Any = None, instance_id: str | None = None) -> str:
        """Start an orchestration through the SDK; gives its id."""
        chosen = instance_id or f"{name}-{uuid.uuid4().hex[:8]}"
        answer = self.call("POST", "/api/client/start_new", json=[name, chosen, value])
        assert answer.json() == {"result": chosen}, answer.text
        return chosen

    def status(self, instance_id: str) -> dict[str, Any]:
        """Status with history and results."""
        query = {"showHistory": "true", "showHistoryOutput": "true"}
        status = self.manage("GET", f"/instances/{instance_id}", params=query).json()
        return status | {"historyEvents": status.get("historyEvents", [])}  # one that is Pending has none

    def until(self, instance_id: str, look: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The status as soon as ``look`` likes it."""

        def liked() -> dict[str, Any] | None:
            status = self.status(instance_id)
            return status if look(status) else None

        return wait_for(liked, f"{instance_id}, last seen {self.status(instance_id)}")  # type: ignore[return-value]

    def final(self, instance_id: str) -> dict[str, Any]:
        """The status when it has ended."""
        return self.until(instance_id, lambda status: status["runtimeStatus"] in FINAL)

    def run(self, name: str, value: Any = None, instance_id: str | None = None) -> dict[str, Any]:
        """Start an orchestration and wait for its end."""
        return self.final(self.begin(name, value, instance_id))

    def result(self, name: str, value: Any = None) -> Any:
        """The output of an orchestration that is expected to complete."""
        status = self.run(name, value)
        assert status["runtimeStatus"] == "Completed", status
        return status["output"]

    def raise_event(self, instance_id: str, value: Any, name: str = "Go") -> None:
        """Raise an event by webhook."""
        headers = {"content-type": "application/json"}
        answer = self.manage(
            "POST", f"/instances/{instance_id}/raiseEvent/{name}", content=json.dumps(value), headers=headers
        )
        assert answer.status_code == 202, answer.text

    def client(self, operation: str, *arguments: Any) -> Any:
        """What a call of the SDK's client gives, within the app."""
        return self.call("POST", f"/api/client/{operation}", json=arguments).json()
