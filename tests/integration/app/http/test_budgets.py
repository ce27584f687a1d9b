"""What a job costs, counted where it is paid: in Azurite's request log, and in the host's own store."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from local.azure_openai.config import Settings as EmulatorSettings
from tests.integration.app.http.conftest import small_lane

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tests.integration.app.conftest import StartProvider
    from tests.integration.app.http.conftest import Api, RunningHost
    from tests.integration.conftest import StartAzurite

MOST_REQUESTS_OF_A_SUBMIT = 6
MOST_REQUESTS_OF_A_JOB = 60
MOST_ROWS_OF_AN_INSTANCE = 170
RENDER_S = 10
JOBS = 5
LOOKS = {"with": (10, 15), "without": (25, 25)}  # mean and at most, by whether the provider tells progress
SILENCE_S = 3  # how long nothing must happen for jobs that wait: nothing else could show that
VIDEOS = {"api": "videos", "deployment": "sora-2", "offers": [{"sizes": ["720x1280"], "seconds": [4]}]}


@dataclass
class Counted:
    """A lab whose storage keeps its request log. Its sweeper rests: that is paid by the minute and not by the job."""

    host: RunningHost
    requests: list[str]
    api: Api

    def store(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the host's own store, which costs no request."""
        with closing(sqlite3.connect(f"file:{self.host.state}/store.sqlite3?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    def stories_ended(self) -> int:
        """How many orchestrations have ended well."""
        return self.store("SELECT COUNT(*) FROM instances WHERE status = 'Completed'")[0][0]

    def longest_history(self) -> int:
        """How many rows the orchestration with the most has now."""
        return max((rows for (rows,) in self.store("SELECT COUNT(*) FROM history GROUP BY instance_id")), default=0)

    def cost(self, ask: Callable[[], httpx.Response]) -> list[str]:
        """The requests that one call of the API made; nothing else may go on."""
        before = self._settled()
        answer = ask()
        assert answer.status_code < 300, answer.text
        return self.requests[before : self._settled()]

    def _settled(self) -> int:
        """How many requests there are; their lines come a little after their replies."""
        seen = -1
        while seen != len(self.requests):
            seen = len(self.requests)
            time.sleep(0.3)
        return seen

    def looks(self, job: dict[str, Any]) -> int:
        """How often a job's render was looked at."""
        return [event["kind"] for event in self.api.timeline(job["id"])].count("looked")


@pytest.fixture
def counted(
    tmp_path: Path,
    start_azurite: StartAzurite,
    start_provider: StartProvider,
    start_host: Callable[[dict[str, str]], RunningHost],
) -> Counted:
    """A lab with a model of each dialect: `with` tells progress, `without` does not."""
    (tmp_path / "azurite").mkdir()
    azurite = start_azurite(tmp_path / "azurite", logs=True)
    wide = EmulatorSettings(
        deployments={"sora": "sora", "sora-2": "sora-2"},
        render_s=RENDER_S,
        max_in_flight=100,
        creates_per_minute=1000,
    )
    provider = start_provider(tmp_path / "provider", wide)
    typical = {"max_in_flight": 100, "typical_render_s": RENDER_S}
    lanes = [small_lane("with", provider.url, **typical, **VIDEOS), small_lane("without", provider.url, **typical)]
    settings = {
        "STORAGE_CONNECTION_STRING": azurite.connection_string,
        "AzureWebJobsStorage": azurite.connection_string,
        "AzureWebJobs.sweep.Disabled": "1",
        "LANES": json.dumps(lanes),
        "OWNER_MODE": "key",
        "OWNER_HEADER": "x-lab-owner",
    }
    host = start_host(settings)
    warm = Counted(host, azurite.requests, host.api())
    warm.api.get("/videos/jobs")  # makes the clients and the table
    return warm


@pytest.mark.timeout(300)
def test_jobs_keep_their_budgets(counted: Counted) -> None:
    """Storage requests and looks a job, with and without progress, and the rows of its orchestration, at any time."""
    before, rows = len(counted.requests), 0
    jobs = {model: [counted.api.accepted(model=model) for _ in range(JOBS)] for model in LOOKS}
    while counted.stories_ended() < JOBS * len(LOOKS):
        rows = max(rows, counted.longest_history())
        time.sleep(0.2)
    assert 0 < rows <= MOST_ROWS_OF_AN_INSTANCE
    assert (len(counted.requests) - before) / (JOBS * len(LOOKS)) <= MOST_REQUESTS_OF_A_JOB
    for model, (mean, most) in LOOKS.items():
        looks = [counted.looks(job) for job in jobs[model]]
        assert 0 < sum(looks) / JOBS <= mean, looks
        assert max(looks) <= most, looks
        assert all(counted.api.job(job["id"])["state"] == "succeeded" for job in jobs[model])


def test_a_job_that_waits_costs_nothing(counted: Counted) -> None:
    """A submit is six requests; then no orchestration and no request, until somebody asks."""
    assert counted.api.post("/lanes/with/pause").status_code == 200
    for n in range(3):
        body = {"prompt": f"a kite {n}", "model": "with"}
        submitted = counted.cost(lambda body=body: counted.api.post("/videos/jobs", json=body))
        assert len(submitted) <= MOST_REQUESTS_OF_A_SUBMIT, submitted
    before = len(counted.requests)
    time.sleep(SILENCE_S)
    assert counted.requests[before:] == []
    assert counted.store("SELECT id FROM instances") == []
