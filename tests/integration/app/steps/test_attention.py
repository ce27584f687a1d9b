"""Rules of a lane that needs a person: it says so until its provider answers again, and operators are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared import pools, rates, telemetry
from tests.integration.app.conftest import Faults

if TYPE_CHECKING:
    from tests.integration.app.steps.conftest import Lab


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing told yet."""
    monkeypatch.setattr(telemetry, "_series", {})


def minutes(lab: Lab) -> float:
    """The minutes in which the lane was told to need a person."""
    told = [series.total for name, labels, series in telemetry.summary()
            if name == "lab.lane.attention" and labels == {"model": lab.model, "lane": "main"}]  # fmt: skip
    return sum(told)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The job and the lane of each line of the log that asks for attention."""
    fields: list[dict[str, Any]] = [vars(line) for line in caplog.records if "attention" in line.getMessage()]
    return [(one["job_id"], one["lane"]) for one in fields]


async def test_a_lane_whose_looks_are_refused_needs_a_person_until_they_are_not(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused look marks the lane and is logged, every sweep tells of it, and a look that is answered ends it."""
    job = await lab.submit()
    await lab.do("submit", job)
    lab.provider.tamper("GET /video/generations/jobs", Faults.answer(401))
    with caplog.at_level("INFO", "lab"):
        await lab.do("look", job)
    assert lines(caplog) == [(job.id, "main")]
    assert "does not accept our key" in ((await lab.pool()).state.lane("main").attention or "")
    await lab.sweep()
    await lab.sweep()
    assert minutes(lab) == 2
    await lab.do("look", job)
    assert (await lab.pool()).state.lane("main").attention is None
    await lab.sweep()
    assert minutes(lab) == 2


async def test_a_refused_create_is_told_with_its_job(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """A create that is denied access is logged with job and lane, and marks the lane until the next one is taken."""
    lab.provider.tamper("POST /video/generations/jobs", Faults.answer(403))
    job = await lab.submit()
    with caplog.at_level("INFO", "lab"):
        assert (await lab.do("submit", job))["kind"] == "refused"
    assert lines(caplog) == [(job.id, "main")]
    await lab.sweep()
    assert minutes(lab) == 1
    assert (await lab.do("submit", await lab.submit()))["kind"] == "submitted"
    assert (await lab.pool()).state.lane("main").attention is None


class TestTwoLanes:
    """A model with a cheap lane and a dear one."""

    @pytest.fixture
    def more_lanes(self) -> list[dict[str, Any]]:
        """The dear one."""
        return [{"name": "dear", "usd_per_second": "0.30"}]

    async def test_a_lane_that_is_gone_is_passed_by(self, lab: Lab) -> None:
        """A create answered 410 fails its job; the next ones go to the other lane, until an operator resumes it."""
        lab.provider.tamper("POST /video/generations/jobs", Faults.answer(410))
        first = await lab.submit()
        assert (await lab.do("submit", first))["kind"] == "refused"
        assert await self._lane_of_next(lab) == "dear"
        await rates.note_attention(lab.model, "main", None)  # a look at an older render was answered
        assert await self._lane_of_next(lab) == "dear"
        [shown] = [one for one in (await lab.call("list_lanes", "GET"))["models"] if one["model"] == lab.model]
        assert [one["is_retired"] for one in shown["lanes"]] == [True, False]
        await lab.sweep()
        assert minutes(lab) == 1
        await rates.pause(lab.model, "main", paused=False)
        assert await self._lane_of_next(lab) == "main"

    async def test_another_deployment_of_a_lane_is_not_retired(self, lab: Lab) -> None:
        """What says that it is gone is a deployment at an endpoint: with another one in the settings it is as new."""
        await rates.note_attention(lab.model, "main", "gone", retired="an older deployment at http://elsewhere")
        assert await self._lane_of_next(lab) == "main"

    async def _lane_of_next(self, lab: Lab) -> str | None:
        run = await pools.read_run((await lab.submit()).ref)
        assert run
        return run.row.lane


async def test_a_lane_that_is_gone_tells_every_job_until_it_takes_one(lab: Lab) -> None:
    """Where a model has no other lane, each job learns at once that the model is retired, until an order is taken."""
    lab.provider.tamper("POST /video/generations/jobs", *[Faults.answer(410)] * 2)
    for _ in range(2):
        assert (await lab.do("submit", await lab.submit()))["kind"] == "refused"
        assert (await lab.pool()).state.lane("main").retired
    assert (await lab.do("submit", await lab.submit()))["kind"] == "submitted"
    memory = (await lab.pool()).state.lane("main")
    assert (memory.retired, memory.attention) == (None, None)
