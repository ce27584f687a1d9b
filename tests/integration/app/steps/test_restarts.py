"""What the sweeper says of a story that it had to start again, and what it does for an operator."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from activities import sweeper
from shared import clock, jobs, pools, rates
from shared.ids import JobId
from shared.version import VERSION

if TYPE_CHECKING:
    import pytest

    from shared.models.job import Job, Live
    from tests.integration.app.steps.conftest import Lab


async def sweep_later(lab: Lab, job: Job, **values: Any) -> None:
    """Sweep as if the job had been admitted, and its story last started again, an hour ago."""
    ago = clock.now() - timedelta(hours=1)
    times = {"admitted_at": ago} | ({"restarted_at": ago} if values.get("restarts") else {})
    await lab.rewrite(rates.partition(lab.model), f"run!{job.ulid}", **times, **values)
    lab.client.started.clear()
    await lab.sweep()


async def live_of(job: Job) -> Live:
    """What the last look, or the sweeper, left behind."""
    stored = await jobs.read(job.owner, JobId.of(job.id))
    assert stored
    return stored.live


async def test_a_restart_is_told_in_the_timeline(lab: Lab) -> None:
    """How the story was found, which version had told it, and which one tells it again."""
    job = await lab.submit()
    lab.client.states[job.id] = "Failed"
    await sweep_later(lab, job, version="0.0.9")
    assert lab.client.started == [job.id]
    [event] = [event for event in await jobs.timeline(job) if event.kind == "restarted"]
    assert event.data == {"story": "ended", "told_by": "0.0.9", "version": VERSION}
    assert (await lab.pool()).running[job.ulid].row.version == VERSION


async def test_a_story_that_ends_during_the_sweep_stays_ended(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row was there when the pool was read and is gone with its last effect: there is nothing to start again."""
    job = await lab.submit()
    status = lab.client.get_status

    async def ended_meanwhile(instance_id: str) -> object:
        await pools.forget(job.model, (await lab.pool()).running[job.ulid])
        return await status(instance_id)

    lab.client.states[job.id] = "Completed"
    monkeypatch.setattr(lab.client, "get_status", ended_meanwhile)
    await sweep_later(lab, job)
    assert lab.client.started == []
    assert (await lab.pool()).running == {}


async def test_a_story_that_keeps_ending_calls_for_attention(lab: Lab) -> None:
    """The fifth restart is still quiet, the sixth says so on the job, and the next look takes it back."""
    job = await lab.submit("a long flight [takes:60] " + lab.model)
    await lab.do("submit", job)
    await sweep_later(lab, job, restarts=4)
    assert (await live_of(job)).attention is None
    await sweep_later(lab, job, restarts=5)
    assert "6 times" in str((await live_of(job)).attention)
    assert (await lab.call("get_video_job", "GET", job_id=job.id))["attention"]
    await lab.do("look", job)
    assert (await live_of(job)).attention is None


async def test_a_terminated_story_cancels_its_job(lab: Lab) -> None:
    """Who terminates a story does not want its job: it is flagged, told again, and ends as cancelled."""
    job = await lab.submit()
    lab.client.states[job.id] = "Terminated"
    await sweep_later(lab, job)
    assert lab.client.started == [job.id]
    assert (await lab.read(job)).cancel_requested
    assert (await lab.do("submit", job))["kind"] == "stopped"
    await lab.do("release", job)
    assert (await lab.do("finish", job, end={"kind": "stopped"}))["state"] == "cancelled"
    await lab.do("forget", job)
    assert (await lab.pool()).running == {}


async def test_a_finished_story_that_an_operator_starts_again_changes_nothing(lab: Lab) -> None:
    """It finds every effect there: nothing is bought, copied or counted again, and the job's row stays as it was."""
    job, states = await lab.submit(), []
    for _ in range(2):
        assert (await lab.do("submit", job))["kind"] == "submitted"
        end = await lab.watch(job)
        await lab.do("release", job, render_s=end["render_s"])
        stored = [await lab.do("store", job, n=n, source=source) for n, source in enumerate(end["sources"])]
        ended = {**end, "generations": [one["generation"] for one in stored]}
        assert (await lab.do("finish", job, end=ended))["state"] == "succeeded"
        await lab.do("forget", job)
        states.append(await lab.read(job))
    first, again = states
    assert first == again
    assert ended["generations"] == []
    assert len(lab.provider.renders(job.prompt)) == 1
    assert (await lab.pool()).running == {}


async def test_histories_are_forgotten_after_a_day(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once an hour; only those of stories that have ended, for the host's filter would delete running ones too."""
    now = clock.now()
    for minute, is_due in (((now.minute + 10) % 60, False), (now.minute, True)):
        monkeypatch.setattr(clock, "now", lambda: now)
        monkeypatch.setattr(sweeper, "_PURGES_AT_MINUTE", minute)
        await lab.sweep()
        assert bool(lab.client.purged) is is_due
    [(until, states)] = lab.client.purged
    assert now - until == timedelta(hours=24)
    assert states == {"Completed", "Failed", "Terminated", "Canceled"}
