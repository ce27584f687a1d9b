"""How a job ends: once, never backwards, and never against what its rows say about money."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared import attempts, clock, jobs
from shared.ids import JobId
from shared.models.job import JobState

if TYPE_CHECKING:
    from tests.integration.app.conftest import Faults
    from tests.integration.app.steps.conftest import Lab

STOPPED, REFUSED = {"kind": "stopped"}, {"kind": "refused"}


@pytest.mark.parametrize("end", [STOPPED, REFUSED], ids=lambda end: end["kind"])
async def test_an_end_without_a_render_is_stale_where_there_is_one(lab: Lab, end: dict[str, Any]) -> None:
    """A finish that believes nothing was bought neither ends the job nor releases its money when something was."""
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.call("cancel_video_job", "POST", job_id=job.id)
    before = await lab.read(job)
    assert (await lab.do("finish", job, end=end)) == {"kind": "stale"}
    assert (await lab.read(job)) == before


@pytest.mark.parametrize("end", [STOPPED, REFUSED], ids=lambda end: end["kind"])
async def test_an_end_without_a_render_is_stale_while_an_attempt_is_open(
    lab: Lab, faults: Faults, end: dict[str, Any]
) -> None:
    """An attempt nobody has concluded may have bought something."""
    lab.provider.tamper("POST /video/generations/jobs", faults.lost_reply)
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.call("cancel_video_job", "POST", job_id=job.id)
    assert (await lab.do("finish", job, end=end)) == {"kind": "stale"}
    assert (await lab.read(job)).state == "running"


async def test_a_second_finish_changes_nothing(lab: Lab) -> None:
    """The end of a job is written once: whoever comes later is told what it was."""
    job = await lab.submit()
    await lab.do("submit", job)
    failed = {"kind": "failed", "code": "provider_error", "detail": "first"}
    assert (await lab.do("finish", job, end=failed)) == {"kind": "done", "state": "failed"}
    ended, events = await lab.read(job), await jobs.timeline(job)
    for end in ({**failed, "detail": "second"}, {"kind": "succeeded", "generations": []}, STOPPED):
        assert (await lab.do("finish", job, end=end)) == {"kind": "done", "state": "failed"}
    assert (await lab.read(job)) == ended
    assert (await jobs.timeline(job)) == events


async def test_an_ended_job_has_one_list_row(lab: Lab) -> None:
    """Its list row moves once, when it ends: it is listed as what it is and as nothing else."""
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.do("finish", job, end={"kind": "gone", "detail": "vanished"})
    listed = {state for state in JobState if (await jobs.page(job.owner, limit=9, after=None, state=state)).jobs}
    assert listed == {"failed"}
    assert await jobs.count_open(job.owner, 10) == 0


async def test_a_job_cancelled_in_the_queue_is_released_and_never_sent(lab: Lab) -> None:
    """The cancel of a queued job ends it at once; a story that was started for it finds that out and buys nothing."""
    job = await lab.submit()
    await lab.call("cancel_video_job", "POST", job_id=job.id)
    ended = await lab.read(job)
    assert (ended.state, ended.cost_state) == ("cancelled", "released")
    assert ended.problem
    assert ended.problem.money == "none"
    assert (await lab.do("submit", job))["kind"] == "stopped"
    await lab.do("release", job)
    assert (await lab.do("finish", job, end=STOPPED)) == {"kind": "done", "state": "cancelled"}
    await lab.do("forget", job)
    assert (await lab.pool()).running == {}
    assert lab.provider.renders(job.prompt) == []


async def test_a_job_cancelled_while_it_runs_keeps_its_slot_until_the_render_is_final(lab: Lab) -> None:
    """The render is bought: its price is settled, its slot stays its own, and nothing of it is stored."""
    job = await lab.submit("a slow kite [takes:1.5] " + lab.model)
    await lab.do("submit", job)
    await lab.call("cancel_video_job", "POST", job_id=job.id)
    assert (await lab.read(job)).state == "running"
    assert (await lab.do("look", job))["kind"] == "wait"
    ended = await lab.read(job)
    assert (ended.state, ended.cost_state) == ("cancelled", "settled")
    assert ended.problem
    assert ended.problem.money == "spent"
    assert len((await lab.pool()).slots) == 1
    end = await lab.watch(job)
    assert end["sources"] == []
    await lab.do("release", job, render_s=end["render_s"])
    assert (await lab.pool()).slots == []
    assert (await lab.do("finish", job, end={**end, "generations": []})) == {"kind": "done", "state": "cancelled"}
    assert (await lab.read(job)) == ended


async def test_a_cancel_that_meets_the_finished_render_is_a_cancel(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the look that saw the cancel could not write it down, the finish does: nothing was kept, as asked."""
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.call("cancel_video_job", "POST", job_id=job.id)

    async def is_beaten_to_it(*_: object, **__: object) -> bool:
        return False

    with monkeypatch.context() as beaten:
        beaten.setattr(jobs, "save", is_beaten_to_it)
        end = await lab.watch(job)
    assert end["sources"] == []
    assert (await lab.do("finish", job, end={**end, "generations": []})) == {"kind": "done", "state": "cancelled"}
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.cost_state, ended.problem.money) == ("settled", "spent")


async def test_a_cancel_before_the_next_attempt_buys_nothing(lab: Lab, faults: Faults) -> None:
    """A job that runs and has nothing at the provider, as after a 429, is released when it is cancelled."""
    lab.provider.tamper("POST /video/generations/jobs", faults.answer(429))
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "wait"
    await lab.call("cancel_video_job", "POST", job_id=job.id)
    assert (await lab.do("submit", job)) == STOPPED
    assert (await lab.do("finish", job, end=STOPPED)) == {"kind": "done", "state": "cancelled"}
    assert (await lab.read(job)).cost_state == "released"


async def test_a_deadline_counts_until_a_create_is_accepted(lab: Lab) -> None:
    """A job whose deadline passes before any provider took it fails without having cost anything."""
    job = await lab.submit()
    late = clock.now() - timedelta(seconds=1)
    await lab.rewrite(jobs.partition(job.owner), jobs.job_key(job.inv), deadline_at=late)
    assert (await lab.do("submit", job)) == STOPPED
    assert (await lab.do("finish", job, end=STOPPED)) == {"kind": "done", "state": "failed"}
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.problem.code, ended.problem.money, ended.cost_state) == ("deadline", "none", "released")


async def test_a_bought_render_outlives_the_deadline(lab: Lab) -> None:
    """Once it is paid for, a render is watched to its end; the job is only shown as overdue."""
    job = await lab.submit()
    await lab.do("submit", job)
    late = clock.now() - timedelta(seconds=1)
    await lab.rewrite(jobs.partition(job.owner), jobs.job_key(job.inv), deadline_at=late)
    assert (await lab.do("submit", job))["kind"] == "submitted"
    assert (await lab.watch(job))["kind"] == "succeeded"
    stored = await jobs.read(job.owner, JobId.of(job.id))
    assert stored
    assert stored.live.overdue


async def test_a_lost_reply_that_comes_late_becomes_a_twin(lab: Lab) -> None:
    """A second render that turns up for a job is recorded beside it and replaces nothing."""
    job = await lab.submit()
    await lab.do("submit", job)
    mine = (await lab.read(job)).render_id
    adopted = await attempts.adopt(job.ref, lab.provider.url, "task_of_nobody")
    assert adopted
    assert adopted.render_id == mine
    assert (await lab.read(job)).render_id == mine
    assert await attempts.claimed_by(lab.provider.url, "task_of_nobody") == job.id
