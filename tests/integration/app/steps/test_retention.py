"""Rules of how long videos are kept: what the storage is about to delete is no longer promised."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import azure.functions as func
import pytest

from shared import clock, config, jobs
from shared.http import ProblemError
from shared.models.problem import CATALOGUE
from tests.integration.app.steps.conftest import functions

if TYPE_CHECKING:
    from shared.models.job import Job
    from tests.integration.app.steps.conftest import Lab


@pytest.fixture(name="job")
async def _job(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A finished job of a lab that keeps videos for two days."""
    monkeypatch.setenv("MEDIA_RETENTION_DAYS", "2")
    config.configuration.cache_clear()
    job, [source] = await lab.rendered()
    stored = await lab.do("store", job, n=0, source=source)
    end = {"kind": "succeeded", "sources": [source], "generations": [stored["generation"]]}
    assert (await lab.do("finish", job, end=end))["state"] == "succeeded"
    return await lab.read(job)


async def content(lab: Lab, job: Job, *, finished_ago: timedelta) -> dict[str, Any]:
    """Ask for the link to the video of a job that ended so long ago."""
    at = clock.now() - finished_ago
    await lab.rewrite(jobs.partition(job.owner), jobs.job_key(job.inv), finished_at=at)
    request = func.HttpRequest(
        "GET",
        "http://localhost/api/v1/videos/generations/x/content",
        headers={"x-lab-owner": lab.owner_name},
        params={"redirect": "false"},
        route_params={"generation_id": job.generations[0].id},
        body=b"",
    )
    return json.loads((await functions()["get_video_content"](request)).get_body())


async def test_a_video_past_its_days_is_said_to_be_gone(lab: Lab, job: Job) -> None:
    """Once its days are over a video is 410 with the moment they ended, whether or not its blob is deleted yet."""
    with pytest.raises(ProblemError) as gone:
        await content(lab, job, finished_ago=timedelta(days=2, seconds=1))
    assert CATALOGUE[gone.value.code].status == 410


async def test_a_link_ends_with_the_videos_days(lab: Lab, job: Job) -> None:
    """A link never outlives the days of its video, and before the last minutes it has its full time."""
    shown = await content(lab, job, finished_ago=timedelta(days=2, seconds=-60))
    assert 55 <= _left_s(shown) <= 61
    shown = await content(lab, job, finished_ago=timedelta(days=1))
    assert 890 <= _left_s(shown) <= 901


def _left_s(shown: dict[str, Any]) -> float:
    return (datetime.fromisoformat(shown["expires_at"]) - clock.now()).total_seconds()
