"""What was begun and not carried on is carried on by the next sweep, and by nothing earlier."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared import clock, jobs, pools, rates, rows, storage, stories, submission
from shared.ids import JobId, new_ulid
from shared.models.job import JobState
from shared.pool_rows import TicketRow, ticket_key, ticket_row, values_of
from shared.rows import Insert, Put

if TYPE_CHECKING:
    from shared.models.job import Job
    from tests.integration.app.steps.conftest import Lab


@pytest.fixture
def lane(lane: dict[str, Any]) -> dict[str, Any]:
    """One render at a time, so that there is a queue."""
    return lane | {"max_in_flight": 1}


async def age(lab: Lab, key: str, **seconds: float) -> None:
    """Let the times of a row of the pool be so long ago."""
    times = {name: clock.now() - timedelta(seconds=ago) for name, ago in seconds.items()}
    table, where = await storage.table(), rates.partition(lab.model)
    row = await rows.read(table, where, key)
    assert row is not None
    aged = rows.model_of(TicketRow, row.values).model_copy(update=times)
    await rows.commit(table, where, [Put(key, values_of(aged))])


async def cut_submit(lab: Lab, monkeypatch: pytest.MonkeyPatch, at: str) -> Job:
    """Submit a job, and let the process die at a step of it."""
    made: list[Job] = []
    new_job = submission.new_job

    def remembered(*about: Any, **more: Any) -> Job:
        made.append(new_job(*about, **more))
        return made[-1]

    async def die(*_: object) -> None:
        raise ConnectionAbortedError

    where: Any = jobs if at == "create" else pools
    with monkeypatch.context() as cut:
        cut.setattr(submission, "new_job", remembered)
        cut.setattr(where, at, die)
        with pytest.raises(ConnectionAbortedError):
            await lab.submit()
    return made[0]


async def test_a_submit_that_died_before_its_ticket_was_ready_is_carried_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ticket of a job that was written is readied and admitted, after a minute in which its submit may live."""
    job = await cut_submit(lab, monkeypatch, "ready_ticket")
    await lab.sweep()
    assert lab.client.started == []
    await age(lab, ticket_key(job), created_at=61)
    await lab.sweep()
    await lab.sweep()
    assert lab.client.started == [job.id]
    assert (await lab.do("submit", job))["kind"] == "submitted"


async def test_a_submit_that_died_after_its_ticket_was_ready_is_carried_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ready ticket on an open lane is admitted by the next sweep."""
    job = await cut_submit(lab, monkeypatch, "enter")
    await lab.sweep()
    assert lab.client.started == [job.id]


async def test_an_orphan_is_removed_after_an_hour(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket without a job is harmless, and goes when no function that wrote it can be alive."""
    orphan = await cut_submit(lab, monkeypatch, "create")
    await age(lab, ticket_key(orphan), created_at=3500)
    await lab.sweep()
    assert list((await lab.pool()).waiting) == [orphan.ulid]
    await age(lab, ticket_key(orphan), created_at=3601)
    await lab.sweep()
    assert (await lab.pool()).waiting == {}
    assert lab.client.started == []


async def test_a_deadline_ends_a_job_in_the_queue(lab: Lab) -> None:
    """A job that waited until its deadline fails, costs nothing, and its ticket is gone."""
    first, late = await lab.submit(), await lab.submit()
    await age(lab, ticket_key(late), created_at=61, deadline_at=1)
    await lab.sweep()
    ended = await lab.read(late)
    assert ended.problem
    assert (ended.state, ended.problem.code, ended.cost_state) == ("failed", "deadline", "released")
    pool = await lab.pool()
    assert (list(pool.running), pool.waiting) == ([first.ulid], {})


async def test_the_ticket_of_an_ended_job_is_removed(lab: Lab) -> None:
    """A cancel that died between the job and its ticket leaves no ticket for ever."""
    await lab.submit()
    job = await lab.submit()
    stored = await jobs.read(job.owner, JobId.of(job.id))
    assert stored
    assert await jobs.save(stored, stored.job.changed(clock.now(), state=JobState.CANCELLED))
    await age(lab, ticket_key(job), created_at=61, deadline_at=1)
    await lab.sweep()
    assert (await lab.pool()).waiting == {}
    assert (await lab.read(job)).state == "cancelled"


@pytest.mark.parametrize("state", [None, "Failed", "Completed"])
async def test_a_story_that_is_not_there_is_started_again(lab: Lab, state: str | None) -> None:
    """An admitted job whose instance is missing, failed, or ended without its last effect gets its story told again."""
    job = await lab.submit()
    if state:
        lab.client.states[job.id] = state
    lab.client.started.clear()
    await lab.sweep()
    assert lab.client.started == []
    await age(lab, f"run!{job.ulid}", admitted_at=121)
    await lab.sweep()
    assert lab.client.started == [job.id]
    await lab.sweep()
    assert lab.client.started == [job.id]
    assert (await lab.pool()).running[job.ulid].row.restarts == 1
    assert len((await lab.pool()).slots) == 1


@pytest.mark.parametrize("state", ["Running", "Pending", "Suspended"])
async def test_a_story_that_is_there_is_left_alone(lab: Lab, state: str) -> None:
    """Only what does not go on by itself is started again; what an operator suspended stays so."""
    job = await lab.submit()
    lab.client.states[job.id] = state
    lab.client.started.clear()
    await age(lab, f"run!{job.ulid}", admitted_at=10_000)
    await lab.sweep()
    assert lab.client.started == []


async def test_a_job_that_never_sent_anything_is_given_up_in_the_end(lab: Lab) -> None:
    """After five restarts in vain a job that has no attempt fails as internal, released; one that has goes on."""
    job = await lab.submit()
    for restarts, state in ((4, "queued"), (5, "failed")):
        await lab.rewrite(rates.partition(lab.model), f"run!{job.ulid}", restarts=restarts)
        await age(lab, f"run!{job.ulid}", admitted_at=100_000, restarted_at=700)
        await lab.sweep()
        ended = await lab.read(job)
        assert ended.state == state
    assert ended.problem
    assert (ended.problem.code, ended.problem.money, ended.cost_state) == ("internal", "none", "released")
    for step, answer in (("submit", "stopped"), ("finish", "done")):
        assert (await lab.do(step, job, end={"kind": "stopped"}))["kind"] == answer


async def test_a_job_that_was_bought_is_never_given_up(lab: Lab) -> None:
    """However often its story failed, a job with an attempt goes on."""
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.rewrite(rates.partition(lab.model), f"run!{job.ulid}", restarts=50)
    await age(lab, f"run!{job.ulid}", admitted_at=100_000, restarted_at=700)
    await lab.sweep()
    assert (await lab.read(job)).state == "running"


async def test_restarts_back_off(lab: Lab) -> None:
    """A story that keeps vanishing is started again after 1, 2, 4, 8, 16 minutes, and every ten after the fifth."""
    job = await lab.submit()
    lab.client.started.clear()
    for restarts, pause_s in ((1, 60), (3, 240), (5, 600), (50, 600)):
        for ago, is_due in ((pause_s - 5, False), (pause_s + 5, True)):
            await lab.rewrite(rates.partition(lab.model), f"run!{job.ulid}", restarts=restarts)
            await age(lab, f"run!{job.ulid}", admitted_at=100_000, restarted_at=ago)
            lab.client.started.clear()
            await lab.sweep()
            assert lab.client.started == ([job.id] if is_due else []), (restarts, ago)


async def test_a_pool_that_fails_does_not_keep_the_others_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A sweep that cannot read a pool says so and ends; the next minute tries again."""

    async def unreachable(*_: object) -> None:
        raise ConnectionError("no storage")

    with monkeypatch.context() as broken:
        broken.setattr(pools, "snapshot", unreachable)
        await lab.sweep()
    assert lab.model in caplog.text


async def test_a_job_that_fails_does_not_keep_the_others_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A story that cannot be looked up is logged, and those behind it in the same pool are started again."""
    older, younger = [await _admitted(lab) for _ in range(2)]
    state = stories.state

    async def unknown(client: Any, ref: Any) -> Any:
        if ref.job_id == older.id:
            raise ConnectionError("no such instance store")
        return await state(client, ref)

    monkeypatch.setattr(stories, "state", unknown)
    lab.client.started.clear()
    await lab.sweep()
    assert (lab.client.started, older.id in caplog.text) == ([younger.id], True)


async def test_lanes_tell_how_many_wait_in_a_long_queue(lab: Lab) -> None:
    """All that wait are counted, also more than one read brings where no lane is open."""
    job = await lab.submit()
    ticket = values_of(ticket_row(job))
    table = await storage.table()
    for _ in range(3):
        waiting = [Insert(f"wait!1!{new_ulid()}", ticket) for _ in range(50)]
        assert await rows.commit(table, rates.partition(lab.model), waiting)
    [model] = (await lab.call("list_lanes", "GET"))["models"]
    assert model["waiting"] == 150


async def _admitted(lab: Lab) -> Job:
    """A job among the admitted whose story has been idle for long."""
    job = await lab.submit()
    table = await storage.table()
    await pools.remove_ticket(job.model, ticket_key(job))
    await rows.commit(table, rates.partition(job.model), [Put(f"run!{job.ulid}", values_of(ticket_row(job)))])
    await age(lab, f"run!{job.ulid}", created_at=600)
    return job


async def test_only_the_row_of_a_job_that_is_over_is_forgotten(lab: Lab) -> None:
    """A story that found no job, or one that has not ended, leaves the row, which has the story told again."""
    job = await _admitted(lab)
    await lab.do("forget", job)
    assert job.ulid in (await lab.pool()).running
    await lab.call("cancel_video_job", "POST", job_id=job.id)
    await lab.do("finish", job, end={"kind": "stopped"})
    await lab.do("forget", job)
    assert job.ulid not in (await lab.pool()).running


async def test_a_row_without_a_job_stays_as_long_as_a_function_can_live(lab: Lab) -> None:
    """Whoever put it in may still write the job; after an hour nobody does."""
    job = (await lab.submit()).model_copy(update={"id": f"job_{new_ulid()}"})
    assert await pools.add_running(job)
    await lab.do("forget", job)
    assert job.ulid in (await lab.pool()).running
    await age(lab, f"run!{job.ulid}", created_at=3601)
    await lab.do("forget", job)
    assert job.ulid not in (await lab.pool()).running
