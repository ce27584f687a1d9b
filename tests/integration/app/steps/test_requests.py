"""How many requests to the storage each step of a job costs, and what every list request looks like."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared import jobs, storage
from shared.models.job import JobState

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpRequest

    from tests.integration.app.steps.conftest import Lab, Wire

MOST_REQUESTS_OF_A_SUBMIT = 6
MOST_REQUESTS_OF_A_JOB = 60
MEAN_LOOKS = 10  # what a job with progress needs at most, in the mean
REQUESTS_OF_A_LOOK = 2
RANGE = re.compile(r"PartitionKey eq '[^']+' and RowKey (ge|gt) '[^']+' and RowKey lt '[^']+'")


@pytest.fixture
async def warm(lab: Lab, wire: Wire) -> Wire:
    """Clients are made and the table exists; what comes now is what a request costs."""
    await storage.table()
    await storage.blob_service()
    await lab.pool()
    wire.requests.clear()
    return wire


def queries(wire: Wire) -> list[HttpRequest]:
    """The requests that read more than one row."""
    return [request for request in wire.requests if request.method == "GET" and request.url.find("lab()") > 0]


class TestALaneOfOne:
    """A model that renders one job at a time."""

    @pytest.fixture
    def lane(self, lane: dict[str, Any]) -> dict[str, Any]:
        """The limit."""
        return lane | {"max_in_flight": 1}

    async def test_a_submit_costs_six_requests(self, lab: Lab, warm: Wire) -> None:
        """Also the one that is admitted at once, and one that finds its place in the queue."""
        for state in ("admitted", "queued", "queued"):
            warm.requests.clear()
            body = {"prompt": f"a kite {secrets.token_hex(4)}", "size": "480x480", "seconds": 1}
            shown = await lab.call("submit_video_job", "POST", body)
            assert len(warm.requests) <= MOST_REQUESTS_OF_A_SUBMIT, (state, warm.kinds)
            assert shown["queue"] == {"position": shown["queue"]["ahead"] + 1, "ahead": shown["queue"]["ahead"]}
        assert shown["queue"]["ahead"] == 1
        assert len(lab.client.started) == 1

    async def test_a_job_that_waits_is_shown_with_two_requests(self, lab: Lab, warm: Wire) -> None:
        """The job, and one range of its pool: that gives its place and when it will be done, wherever it stands."""
        running, *waiting = [await lab.submit() for _ in range(4)]
        warm.requests.clear()
        shown = [await lab.call("get_video_job", "GET", job_id=job.id) for job in waiting]
        assert len(warm.requests) == 2 * len(waiting), warm.kinds
        assert all(RANGE.fullmatch(parse_qs(urlsplit(one.url).query)["$filter"][0]) for one in queries(warm))
        assert [one["queue"]["ahead"] for one in shown] == [0, 1, 2]
        assert all(one["eta"]["earliest"] <= one["eta"]["at"] <= one["eta"]["latest"] for one in shown)
        assert shown[0]["eta"]["at"] < shown[1]["eta"]["at"] < shown[2]["eta"]["at"]
        admitted = await lab.call("get_video_job", "GET", job_id=running.id)
        assert (admitted["state"], admitted["queue"]["ahead"]) == ("queued", 0)
        assert admitted["eta"]["at"] < shown[0]["eta"]["at"]

    async def test_a_refused_request_costs_none(self, lab: Lab, warm: Wire) -> None:
        """What is wrong is found out before the storage is asked anything."""
        with pytest.raises(Exception, match="invalid values"):
            await lab.call("submit_video_job", "POST", {"prompt": ""})
        assert warm.requests == []


async def test_every_list_is_one_request_for_a_range(lab: Lab, warm: Wire) -> None:
    """A page, whatever its filter and cursor, is one query: a partition, a range of keys, `$top`, nothing else."""
    for _ in range(3):
        await lab.submit()
    for state in (None, *JobState):
        for cursor in (None, "0" * 26):
            warm.requests.clear()
            asked = {"limit": "2"} | ({"state": state} if state else {}) | ({"cursor": cursor} if cursor else {})
            await lab.call("list_video_jobs", "GET", **asked)
            [request] = warm.requests
            query = parse_qs(urlsplit(request.url).query)
            assert query.keys() == {"$filter", "$top"}
            assert RANGE.fullmatch(query["$filter"][0]), query


async def test_a_look_costs_two_requests_and_three_without_progress(lab: Lab, warm: Wire) -> None:
    """It reads the job and leaves behind what it saw; only without progress it asks how long others took."""
    job = await lab.submit("a long flight [takes:60] " + lab.model)
    await lab.do("submit", job)
    warm.requests.clear()
    assert (await lab.do("look", job))["progress"] is None
    assert len(warm.requests) == 3, warm.kinds


class TestADialectWithProgress:
    """A lane of the `/videos` dialect."""

    @pytest.fixture
    def lane(self, lane: dict[str, Any]) -> dict[str, Any]:
        """The dialect, at the one size and length of its films."""
        return lane | {"deployment": "sora-2", "api": "videos", "offers": [{"sizes": ["1280x720"], "seconds": [4]}]}

    async def test_a_whole_job_costs_at_most_sixty_requests(self, lab: Lab, warm: Wire) -> None:
        """From the submit to the last row, with the looks that are its budget in the mean, and its pictures."""
        job = await lab.submit("a short flight [takes:2] " + lab.model)
        assert (await lab.do("submit", job))["kind"] == "submitted"
        around = len(warm.requests)
        while not (seen := await lab.do("look", job))["progress"] and seen["kind"] == "wait":
            continue
        assert seen["progress"]
        warm.requests.clear()
        await lab.do("look", job)
        assert len(warm.requests) == REQUESTS_OF_A_LOOK, warm.kinds
        end = await lab.watch(job)
        warm.requests.clear()
        await lab.do("release", job, render_s=end["render_s"])
        stored = await lab.do("store", job, n=0, source=end["sources"][0])
        pictured = await lab.do("pictures", job, **stored)
        await lab.do("finish", job, end={**end, "generations": [pictured["generation"]]})
        await lab.do("forget", job)
        around += len(warm.requests)
        assert all(RANGE.fullmatch(parse_qs(urlsplit(one.url).query)["$filter"][0]) for one in queries(warm))
        assert (await lab.read(job)).state == "succeeded"
        assert around + MEAN_LOOKS * REQUESTS_OF_A_LOOK <= MOST_REQUESTS_OF_A_JOB, (around, warm.kinds)


async def test_a_timeline_is_read_in_one_request(lab: Lab, warm: Wire) -> None:
    """However much happened to a job, its record is one range."""
    job = await lab.submit()
    await lab.do("submit", job)
    warm.requests.clear()
    names = [event.kind for event in await jobs.timeline(job)]
    assert names == ["submitted", "admitted", "asked", "accepted"]
    assert len(warm.requests) == 1
