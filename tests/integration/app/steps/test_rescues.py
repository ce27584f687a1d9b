"""Jobs that nobody knows whether they were bought, settled by hand; and renders taken over, wherever that is cut."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from activities import find_render, late_renders
from shared import attempts, jobs, pools, takeover
from shared.http import ProblemError
from shared.ids import JobId
from shared.models.problem import Code

if TYPE_CHECKING:
    from shared.models.job import Job
    from tests.integration.app.steps.conftest import Lab, Wire

SURFACES_WITHIN_S = 20
ORDER = {"width": 480, "height": 480, "n_seconds": 1}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost render is looked for once, at once."""
    monkeypatch.setattr(find_render.polling, "FIND_AFTER_S", (0,))


async def unclear(lab: Lab, prompt: str) -> Job:
    """A job whose create was lost and whose render was not found."""
    job = await lab.submit(prompt)
    assert (await lab.do("submit", job))["kind"] == "lost"
    while (found := await lab.do("find", job))["kind"] == "wait":
        continue
    assert found["kind"] == "unclear"
    await lab.do("release", job)
    await lab.do("forget", job)
    return await lab.read(job)


async def surfaced(lab: Lab, prompt: str) -> str:
    """The id of the render that the provider made late."""
    deadline = time.monotonic() + SURFACES_WITHIN_S
    while not (renders := lab.provider.renders(prompt)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return renders[0]["id"]


async def foreign(lab: Lab, prompt: str) -> str:
    """A render that another client of the resource made."""
    admin = lab.provider.url.replace("/openai/v1", "/_emulator/renders")
    async with httpx.AsyncClient() as client:
        answer = await client.post(admin, json={"model": "slow", "prompt": prompt, **ORDER})
    assert answer.status_code == 201
    return lab.provider.renders(prompt)[0]["id"]


async def refusal(lab: Lab, name: str, body: Any, **about: str) -> Code:
    """The code that a call is refused with."""
    with pytest.raises(ProblemError) as caught:
        await lab.call(name, "POST", body, **about)
    return caught.value.code


async def job_named(lab: Lab, job_id: str) -> Job:
    """The job as its row is."""
    stored = await jobs.read(lab.owner, JobId.of(job_id))
    assert stored
    return stored.job


async def told(lab: Lab, job: Job) -> Job:
    """A job that begins with its render, after its whole story."""
    assert (await lab.do("submit", job))["kind"] == "submitted"
    end = await lab.watch(job)
    await lab.do("release", job, render_s=end["render_s"])
    stored = [await lab.do("store", job, n=n, source=source) for n, source in enumerate(end["sources"])]
    await lab.do("finish", job, end={**end, "generations": [one["generation"] for one in stored]})
    await lab.do("forget", job)
    return await lab.read(job)


async def test_a_render_named_by_the_operator_settles_the_job_and_retry_stores_it(lab: Lab) -> None:
    """The render that was bought is paid for once: resolve names it, and the retry takes it over for nothing."""
    job = await unclear(lab, f"a late kite [create:lost,seconds=1] {lab.model}")
    assert await refusal(lab, "retry_video_job", {}, job_id=job.id) == Code.CONFIRM_NEW_CHARGE
    render = await surfaced(lab, job.prompt)
    shown = await lab.call("resolve_video_job", "POST", {"render_id": render}, job_id=job.id)
    assert (shown["state"], shown["cost"]) == ("failed", {"usd": "0.10", "state": "settled"})
    assert (shown["problem"]["money"], shown["problem"]["retry_helps"]) == ("spent", True)
    assert render in shown["problem"]["detail"]
    assert await refusal(lab, "resolve_video_job", {"not_charged": True}, job_id=job.id) == Code.NOT_DISPUTED

    heir = await job_named(lab, (await lab.call("retry_video_job", "POST", {}, job_id=job.id))["id"])
    ended = await told(lab, heir)
    assert (ended.state, ended.cost_state, ended.cost_usd, ended.parent_id) == ("succeeded", "settled", 0, job.id)
    assert len(ended.generations) == len(lab.provider.renders(job.prompt)) == 1
    kinds = [event.kind for event in await jobs.timeline(job)]
    assert kinds[-2:] == ["unclear", "resolved"]


async def test_a_job_that_was_not_charged_is_released_and_bought_anew(lab: Lab) -> None:
    """By the word that nothing was bought the money is free again, and a retry buys without asking."""
    job = await unclear(lab, f"a lost kite [create:reset] {lab.model}")
    shown = await lab.call("resolve_video_job", "POST", {"not_charged": True}, job_id=job.id)
    assert shown["cost"]["state"] == "released"
    assert (shown["problem"]["money"], shown["problem"]["retry_helps"]) == ("none", True)
    again = await lab.call("retry_video_job", "POST", {"prompt": f"another {lab.model}"}, job_id=job.id)
    assert (again["parent_id"], again["cost"]["state"]) == (job.id, "reserved")


async def test_an_unclear_job_is_bought_again_only_on_purpose(lab: Lab) -> None:
    """A second render of a job that may have been bought needs the user's own word, which is not remembered."""
    job = await unclear(lab, f"a doubtful kite [create:reset] {lab.model}")
    again = await lab.call("retry_video_job", "POST", {"confirm_new_charge": True}, job_id=job.id)
    assert again["parent_id"] == job.id
    assert await refusal(lab, "retry_video_job", {}, job_id=job.id) == Code.CONFIRM_NEW_CHARGE
    assert (await lab.read(job)).cost_state == "disputed"


async def test_a_wrong_render_settles_nothing(lab: Lab) -> None:
    """A render that is unknown, of another prompt, or another job's is refused, and the job stays disputed."""
    job = await unclear(lab, f"a doubtful kite [create:reset] {lab.model}")
    other = await foreign(lab, f"another prompt {lab.model}")
    for render in ("task_nowhere", other):
        assert await refusal(lab, "resolve_video_job", {"render_id": render}, job_id=job.id) == Code.RENDER_UNKNOWN
    equal = await foreign(lab, job.prompt)
    await lab.call("import_video_job", "POST", {"render_id": equal})
    assert await refusal(lab, "resolve_video_job", {"render_id": equal}, job_id=job.id) == Code.RENDER_CLAIMED
    assert (await lab.read(job)).cost_state == "disputed"


async def test_a_render_that_surfaces_after_the_operators_word_is_paid_for_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever said that nothing was bought is corrected by the render: one price, and retry stores it."""
    job = await unclear(lab, f"a late kite [create:lost,seconds=1] {lab.model}")
    await lab.call("resolve_video_job", "POST", {"not_charged": True}, job_id=job.id)
    render = await surfaced(lab, job.prompt)
    monkeypatch.setattr(late_renders, "_SETTLED_IN", timedelta(seconds=-5))
    await late_renders.look(job.ref)
    settled = await lab.read(job)
    assert (settled.cost_state, settled.cost_usd, settled.render_id) == ("settled", job.cost_usd, render)
    assert settled.problem
    assert settled.problem.money == "spent"


async def test_an_import_that_was_cut_after_its_claim_is_carried_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim without a job does not lock its owner out: the same import goes on; another owner's is refused."""
    render = await foreign(lab, f"a foreign kite {lab.model}")

    async def die(*_: object) -> None:
        raise ConnectionAbortedError

    for where, name in ((pools, "add_running"), (jobs, "create")):
        with monkeypatch.context() as cut:
            cut.setattr(where, name, die)
            with pytest.raises(ConnectionAbortedError):
                await lab.call("import_video_job", "POST", {"render_id": render})
    owner, lab.owner_name = lab.owner_name, "somebody else"
    assert await refusal(lab, "import_video_job", {"render_id": render}) == Code.RENDER_CLAIMED
    lab.owner_name = owner
    shown = await lab.call("import_video_job", "POST", {"render_id": render})
    assert await attempts.claimed_by(lab.provider.url, render) == shown["id"]
    ended = await told(lab, await job_named(lab, shown["id"]))
    assert (ended.state, ended.prompt, ended.cost_usd) == ("succeeded", f"a foreign kite {lab.model}", 0)
    assert (await lab.pool()).running == {}


async def test_an_import_does_not_bring_a_deleted_job_back(lab: Lab) -> None:
    """A claim outlives its job; with the job deleted the render stays taken, and the old id stays gone."""
    render = await foreign(lab, f"a foreign kite {lab.model}")
    shown = await lab.call("import_video_job", "POST", {"render_id": render})
    await told(lab, await job_named(lab, shown["id"]))
    await lab.call("delete_video_job", "DELETE", job_id=shown["id"])
    assert await refusal(lab, "import_video_job", {"render_id": render}) == Code.RENDER_CLAIMED
    assert await jobs.read(lab.owner, JobId.of(shown["id"])) is None


async def test_a_render_of_ones_own_goes_before_an_older_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that had claimed its render when it was cut finds that one, not an older one with an equal prompt."""
    job = await lab.submit(f"a kite of many {lab.model}")
    older = await foreign(lab, job.prompt)

    async def die(*_: object) -> None:
        raise ConnectionAbortedError

    with monkeypatch.context() as cut:
        cut.setattr(attempts, "_write_adoption", die)
        with pytest.raises(ConnectionAbortedError):
            await lab.do("submit", job)
    [own] = {render["id"] for render in lab.provider.renders(job.prompt)} - {older}
    while (found := await lab.do("find", job))["kind"] == "wait":
        continue
    assert found["kind"] == "submitted"
    assert (await lab.read(job)).render_id == own
    assert await attempts.claimed_by(lab.provider.url, older) is None


@pytest.mark.parametrize("name", ["import", "retry"])
async def test_a_repeated_takeover_is_the_same_job_and_starts_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With its key, a takeover whose reply was lost gives the same job, and starts what was never started."""
    if name == "import":
        body, about = {"render_id": await foreign(lab, f"a foreign kite {lab.model}")}, {}
    else:
        parent = await unclear(lab, f"a late kite [create:lost,seconds=1] {lab.model}")
        render = await surfaced(lab, parent.prompt)
        await lab.call("resolve_video_job", "POST", {"render_id": render}, job_id=parent.id)
        body, about = {}, {"job_id": parent.id}
    key = secrets.token_hex(8)
    first = await lab.call(f"{name}_video_job", "POST", body, key=key, **about)
    lab.client.started.clear()
    looked = len(lab.provider.seen)
    monkeypatch.setattr(takeover, "look", None)  # a repeat asks the provider nothing
    again = await lab.call(f"{name}_video_job", "POST", body, key=key, **about)
    assert again["id"] == first["id"]
    assert lab.client.started == [first["id"]]
    assert len(lab.provider.seen) == looked
    assert list((await lab.pool()).running)[-1:] == [first["id"].removeprefix("job_")]


async def test_disputed_jobs_are_listed_with_one_request(lab: Lab, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps the books sees the jobs that need a word, newest first, page by page, and no other."""
    first = await unclear(lab, f"a doubtful kite [create:reset] {lab.model}")
    settled = await unclear(lab, f"a settled kite [create:reset] {lab.model}")
    await lab.call("resolve_video_job", "POST", {"not_charged": True}, job_id=settled.id)
    last = await unclear(lab, f"another doubtful kite [create:reset] {lab.model}")
    wire.requests.clear()
    shown = await lab.call("list_video_jobs", "GET", cost="disputed", limit="1")
    assert len(wire.requests) == 1
    assert [one["id"] for one in shown["jobs"]] == [last.id]
    assert "cost=disputed" in shown["links"]["next"]
    monkeypatch.setattr(jobs, "_EXAMINED_ROWS", 1)  # a page that examined no more than the settled one
    short = await lab.call("list_video_jobs", "GET", cost="disputed", cursor=shown["next_cursor"])
    assert short["jobs"] == []
    rest = await lab.call("list_video_jobs", "GET", cost="disputed", cursor=short["next_cursor"])
    assert [one["id"] for one in rest["jobs"]] == [first.id]
    with pytest.raises(ProblemError):
        await lab.call("list_video_jobs", "GET", cost="disputed", state="queued")
