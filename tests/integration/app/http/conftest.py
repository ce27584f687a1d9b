"""The app as its users meet it: a host process with the real app, a real Azurite and a real emulator behind it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.app.conftest import Provider
    from tests.integration.conftest import Azurite

ROOT = Path(__file__).parents[4]
START_WITHIN_S = 60
JOB_WITHIN_S = 60
SMALL = {"sizes": ["480x480"], "seconds": [1], "max_variants": 4}
_client = httpx.Client(timeout=30)  # one for all: making one reads every certificate of the machine
PROBLEM_KEYS = {"type", "title", "status", "detail", "code", "instance"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class RunningHost:
    """One host process; it can be killed and started again on the same state."""

    state: Path
    settings: dict[str, str]
    options: tuple[str, ...] = ()
    python: str = sys.executable
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> RunningHost:
        """Start it, and return once it answers."""
        self.state.mkdir(exist_ok=True)
        command = [self.python, "-m", "local.functions_host", "--app", ROOT, "--port", str(self.port)]
        with (self.state / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - this repository's own host
                [*command, "--state", self.state, "--redelivery", "0.5", *self.options],
                cwd=ROOT,
                env=os.environ | self.settings,
                stderr=log,
            )
        deadline = time.monotonic() + START_WITHIN_S
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            return _client.get(f"http://127.0.0.1:{self.port}/admin/host/ping").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        """What it has said so far."""
        return (self.state / "log").read_text()

    def api(self, owner: str | None = None) -> Api:
        """The API as one owner calls it; a fresh owner where none is named."""
        key = json.loads((self.state / "keys.json").read_text())["function"]
        headers = {"x-functions-key": key, "x-lab-owner": owner or f"owner-{secrets.token_hex(6)}"}
        return Api(f"http://127.0.0.1:{self.port}/api/v1", headers)


@dataclass
class Api:
    """Requests of one owner."""

    base: str
    headers: dict[str, str]

    def get(self, route: str, **params: Any) -> httpx.Response:
        """Ask; `params` are the query."""
        return self.send("GET", route, params=params or None)

    def post(self, route: str, **content: Any) -> httpx.Response:
        """Send something."""
        return self.send("POST", route, **content)

    def send(self, method: str, route: str, *, headers: dict[str, str] | None = None, **about: Any) -> httpx.Response:
        """Send any request, with this owner's headers."""
        return _client.request(method, self.base + route, headers=self.headers | (headers or {}), **about)

    def submit(self, prompt: str | None = None, *, key: str | None = None, **request: Any) -> httpx.Response:
        """Send a job: where nothing else is said, the cheapest one on the model `sora`."""
        asked = {"prompt": prompt or f"a kite {secrets.token_hex(4)}", "model": "sora", **request}
        return self.post("/videos/jobs", json=asked, headers={"idempotency-key": key} if key else {})

    def accepted(self, prompt: str | None = None, **request: Any) -> dict[str, Any]:
        """Send a job that is taken; its document."""
        answer = self.submit(prompt, **request)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def job(self, job_id: str) -> dict[str, Any]:
        """The job's document."""
        answer = self.get(f"/videos/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, job_id: str, *states: str) -> dict[str, Any]:
        """The job's document once it is in one of these states; an end it should not have had fails the test."""
        deadline = time.monotonic() + JOB_WITHIN_S
        while (job := self.job(job_id))["state"] not in states:
            assert job["finished_at"] is None, job
            assert time.monotonic() < deadline, job
            time.sleep(0.1)
        return job

    def timeline(self, job_id: str) -> list[dict[str, Any]]:
        """The job's flight record."""
        return self.get(f"/videos/jobs/{job_id}/timeline").json()["events"]


class IsProblem(Protocol):
    """Check that an answer is a problem document with this code; return the document."""

    def __call__(self, answer: httpx.Response, status: int, code: str, *pointers: str) -> dict[str, Any]:
        """`pointers`, where given, are exactly what `errors` points at."""
        ...


@pytest.fixture(scope="session")
def is_problem() -> IsProblem:
    """RFC 9457, with a stable code and pointers to what is wrong."""

    def check(answer: httpx.Response, status: int, code: str, *pointers: str) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
        problem = answer.json()
        assert problem.keys() >= PROBLEM_KEYS
        assert (problem["status"], problem["code"]) == (status, code), problem
        assert problem["type"].endswith(code)
        assert problem["instance"] == answer.request.url.raw_path.decode().partition("?")[0]
        assert problem["title"]
        assert problem["detail"]
        if pointers:
            assert sorted(error["pointer"] for error in problem["errors"]) == sorted(pointers), problem
        return problem

    return check


def small_lane(model: str, endpoint: str, **other: Any) -> dict[str, Any]:
    """One more model, which takes the cheapest film there is."""
    facts = {"name": model, "model": model, "api": "jobs", "endpoint": endpoint, "deployment": "sora"}
    limits = {"max_in_flight": 2, "creates_per_minute": 600, "typical_render_s": 1, "usd_per_second": "0.05"}
    return facts | limits | {"api_key": "emulator-key", "offers": [SMALL]} | other


@pytest.fixture(scope="session")
def app_settings(azurite: Azurite, provider: Provider) -> dict[str, str]:
    """Every setting of the app under test: a model of each dialect, and some whose provider refuses or is busy."""
    lanes = [
        small_lane("sora", provider.url),
        small_lane("wrong-key", provider.url, api_key="not-the-key"),
        small_lane("nowhere", provider.url, deployment="nowhere"),
        small_lane("busy", provider.url, deployment="busy", max_in_flight=4),
        small_lane("single", provider.url, deployment="single", max_in_flight=1),
    ]
    return {
        "STORAGE_CONNECTION_STRING": azurite.connection_string,
        "AzureWebJobsStorage": azurite.connection_string,
        "SORA_ENDPOINT": provider.url,
        "SORA_DEPLOYMENT": "sora-2",
        "SORA_AOAI_API_KEY": "emulator-key",
        "SORA_MAX_IN_FLIGHT": "2",
        "SORA_CREATES_PER_MINUTE": "600",
        "SORA_TYPICAL_RENDER_S": "1",
        "LANES": json.dumps(lanes),
        "OWNER_MODE": "key",
        "OWNER_HEADER": "x-lab-owner",
    }


@pytest.fixture(scope="session")
def host(app_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """One host for every test that does not kill it."""
    running = RunningHost(tmp_path_factory.mktemp("app") / "state", app_settings).start()
    yield running
    running.kill()


@pytest.fixture
def start_host(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], RunningHost]]:
    """Hosts of a test's own, which it may kill; whatever still runs ends with the test."""
    started: list[RunningHost] = []

    def start(settings: dict[str, str]) -> RunningHost:
        started.append(RunningHost(tmp_path / f"host-{len(started)}", settings))
        return started[-1].start()

    yield start
    for host in started:
        host.kill()


@pytest.fixture
def api(host: RunningHost) -> Api:
    """The API as an owner of this test's own calls it."""
    return host.api()
