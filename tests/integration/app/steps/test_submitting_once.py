"""At most one render is bought for a job, wherever its submission is cut."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from activities import find_render
from local.azure_openai.config import PROFILES, Settings
from shared import attempts, clock, config, jobs, polling, rates, rows, storage
from shared.ids import JobId
from shared.models.job import Attempt
from shared.rows import Insert

if TYPE_CHECKING:
    from pathlib import Path

    from shared.models.job import Job
    from tests.integration.app.conftest import Faults, Provider, StartProvider
    from tests.integration.app.steps.conftest import Lab


class Cut(Exception):  # noqa: N818 - no error: the process ends here
    """The worker dies at this point."""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost renders are looked for without waiting between the searches."""
    monkeypatch.setattr(polling, "FIND_AFTER_S", (0, 0, 0))


def cut(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> Any:
    """Let the next call of a function be the point where the worker dies; returns how to heal it."""

    async def die(*_: object, **__: object) -> None:
        raise Cut

    monkeypatch.setattr(where, name, die)
    return lambda original: monkeypatch.setattr(where, name, original)


@pytest.mark.usefixtures("at_once")
async def test_a_worker_that_dies_after_the_create_leaves_one_render(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A create whose answer was never written down is found at the provider and adopted, not sent again."""
    job = await lab.submit()
    adopt = attempts.adopt
    heal = cut(monkeypatch, attempts, "adopt")
    with pytest.raises(Cut):
        await lab.do("submit", job)
    heal(adopt)
    assert (await lab.do("submit", job))["kind"] == "lost"
    assert (await lab.do("find", job))["kind"] == "wait"
    assert (await lab.do("find", job)) == {"kind": "submitted", "wait_s": 0.0}
    [render] = lab.provider.renders(job.prompt)
    assert (await lab.read(job)).render_id == render["id"]
    assert [one.attempt.concluded for one in await lab.tried(job)] == ["accepted"]


@pytest.mark.usefixtures("at_once")
async def test_a_worker_that_dies_between_claim_and_conclusion_is_led_back_by_the_claim(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A render that this job has claimed is this job's, whatever its prompt says."""
    job = await lab.submit()
    write = attempts._write_adoption
    heal = cut(monkeypatch, attempts, "_write_adoption")
    with pytest.raises(Cut):
        await lab.do("submit", job)
    heal(write)
    [render] = lab.provider.renders(job.prompt)
    assert await attempts.claimed_by(lab.provider.url, render["id"]) == job.id
    await lab.do("find", job)
    assert (await lab.do("find", job))["kind"] == "submitted"
    assert (await lab.read(job)).render_id == render["id"]


@pytest.mark.usefixtures("at_once")
async def test_a_lost_reply_is_looked_for_and_the_render_adopted(lab: Lab, faults: Faults) -> None:
    """A create that the provider took without being able to say so is bought once."""
    lab.provider.tamper("POST /video/generations/jobs", faults.lost_reply)
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "lost"
    assert (await lab.do("submit", job))["kind"] == "lost"
    await lab.do("find", job)
    assert (await lab.do("find", job))["kind"] == "submitted"
    assert len(lab.provider.renders(job.prompt)) == 1


async def test_two_submissions_at_once_buy_one_render(lab: Lab) -> None:
    """Of two copies of the activity that run at the same time, one sends the create."""
    job = await lab.submit()
    answers = await asyncio.gather(*(lab.do("submit", job) for _ in range(4)))
    assert {"submitted"} <= {answer["kind"] for answer in answers} <= {"submitted", "wait", "lost"}
    assert len(lab.provider.renders(job.prompt)) == 1


async def test_a_late_second_copy_of_the_activity_changes_nothing(lab: Lab) -> None:
    """A submission that is told again after it was recorded answers the same and sends nothing."""
    job = await lab.submit()
    await lab.do("submit", job)
    before = await lab.read(job)
    assert (await lab.do("submit", job)) == {"kind": "submitted", "wait_s": 0.0}
    assert (await lab.read(job)) == before
    assert len(lab.provider.renders(job.prompt)) == 1


async def test_a_server_error_is_tried_again_once_absence_is_proven(
    lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a noted 5xx and a search that finds nothing for two minutes, exactly one second attempt is made."""
    monkeypatch.setattr(polling, "FIND_AFTER_S", (0, 0, 600))
    lab.provider.tamper("POST /video/generations/jobs", faults.answer(503))
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "lost"
    await lab.do("find", job)
    assert (await lab.do("find", job))["kind"] == "wait"
    assert [one.attempt.concluded for one in await lab.tried(job)] == [None]
    monkeypatch.setattr(find_render, "_ABSENT_AFTER_S", 0.0)
    assert (await lab.do("find", job))["kind"] == "wait"
    assert [one.attempt.concluded for one in await lab.tried(job)] == ["absent"]
    assert (await lab.do("submit", job))["kind"] == "submitted"
    assert [one.attempt.concluded for one in await lab.tried(job)] == ["absent", "accepted"]
    assert len(lab.provider.renders(job.prompt)) == 1


@pytest.mark.usefixtures("at_once")
async def test_a_create_that_stays_lost_ends_unclear_and_says_so(lab: Lab, faults: Faults) -> None:
    """Without a 5xx on record absence proves nothing: no second create, and the money is disputed."""
    lab.provider.tamper("POST /video/generations/jobs", faults.lost_request)
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "lost"
    answers = [(await lab.do("find", job))["kind"] for _ in range(4)]
    assert answers == ["wait", "wait", "wait", "unclear"]
    ended = await lab.read(job)
    assert (ended.state, ended.cost_state) == ("failed", "disputed")
    assert ended.problem
    assert (ended.problem.code, ended.problem.money) == ("submission_unclear", "may_be_spent")
    assert (await lab.do("submit", job))["kind"] == "unclear"
    assert lab.provider.renders(job.prompt) == []


@pytest.mark.usefixtures("at_once")
async def test_equal_prompts_of_two_lost_jobs_are_not_adopted_twice(lab: Lab, faults: Faults) -> None:
    """Two jobs with one prompt whose replies were both lost find two renders and share none."""
    lab.provider.tamper("POST /video/generations/jobs", faults.lost_reply, faults.lost_reply)
    one, two = await lab.submit("twins " + lab.model), await lab.submit("twins " + lab.model)
    for job in (one, two):
        assert (await lab.do("submit", job))["kind"] == "lost"
        await lab.do("find", job)
    await asyncio.gather(lab.do("find", one), lab.do("find", two))
    found = {(await lab.read(job)).render_id for job in (one, two)}
    assert found == {render["id"] for render in lab.provider.renders(one.prompt)}
    assert len(found) == 2


async def test_a_create_that_comes_late_after_its_token_is_not_sent(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was paused for more than three seconds after taking its token sends nothing."""
    take = rates.take_token

    async def taken_long_ago(model: str, name: str) -> rates.Token | rates.Wait:
        token = await take(model, name)
        assert isinstance(token, rates.Token)
        return rates.Token(token.lane, token.at - timedelta(seconds=4))

    monkeypatch.setattr(rates, "take_token", taken_long_ago)
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "wait"
    assert [one.attempt.concluded for one in await lab.tried(job)] == ["not_sent"]
    assert lab.provider.renders(job.prompt) == []


async def test_nothing_is_sent_when_the_job_changed_before_its_attempt_was_written(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt is written under the job's ETag: a cancel in between wins, and nothing is bought."""
    job = await lab.submit()
    begin = attempts.begin

    async def cancelled_before(stored: jobs.Stored, *about: Any) -> bool:
        again = await jobs.read(job.owner, JobId.of(job.id))
        assert again
        assert await jobs.save(again, again.job.changed(clock.now(), cancel_requested=True))
        return await begin(stored, *about)

    monkeypatch.setattr(attempts, "begin", cancelled_before)
    assert (await lab.do("submit", job))["kind"] == "wait"
    assert await lab.tried(job) == []
    assert (await lab.do("submit", job))["kind"] == "stopped"
    assert lab.provider.renders(job.prompt) == []


async def taken_and_refused(lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job whose create was taken and answered with a 5xx; absence is believed at once."""
    monkeypatch.setattr(polling, "FIND_AFTER_S", (0, 0, 0))
    monkeypatch.setattr(find_render, "_ABSENT_AFTER_S", 0.0)
    lab.provider.tamper("POST /videos", faults.taken_and(503))
    job = await lab.submit(size="1280x720", seconds=4)
    assert (await lab.do("submit", job))["kind"] == "lost"
    return job


class TestWhereTheListNamesNoPrompts:
    """The provider shows `prompt: null`, as Azure's samples do."""

    @pytest.fixture
    def provider(self, tmp_path: Path, start_provider: StartProvider) -> Provider:
        """An emulator of that kind."""
        settings = Settings(
            profile=PROFILES["azure-null-prompts"], render_s=1.0, max_in_flight=100, creates_per_minute=10_000
        )
        return start_provider(tmp_path / "nameless", settings)

    @pytest.fixture
    def lane(self, provider: Provider) -> dict[str, Any]:
        """The dialect whose lists are like that."""
        return {"deployment": "sora-2", "endpoint": provider.url, "api": "videos", "max_in_flight": 100}

    @pytest.mark.usefixtures("at_once")
    async def test_nothing_is_adopted_by_itself(self, lab: Lab, faults: Faults) -> None:
        """The job ends unclear and disputed, and its problem names the unclaimed render that may be it."""
        of_other = await lab.submit(size="1280x720", seconds=4)
        assert (await lab.do("submit", of_other))["kind"] == "submitted"
        lab.provider.tamper("POST /videos", faults.lost_reply)
        job = await lab.submit(size="1280x720", seconds=4)
        assert (await lab.do("submit", job))["kind"] == "lost"
        answers = [(await lab.do("find", job))["kind"] for _ in range(4)]
        assert answers[-1] == "unclear"
        ended = await lab.read(job)
        assert ended.render_id is None
        assert ended.cost_state == "disputed"
        assert ended.problem
        [candidate] = lab.provider.renders(job.prompt)
        assert candidate["id"] in ended.problem.detail
        assert str((await lab.read(of_other)).render_id) not in ended.problem.detail

    async def test_a_render_that_may_be_the_jobs_is_no_absence(
        self, lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A 5xx of a create that was taken is not tried again while an unclaimed render may be that one."""
        job = await taken_and_refused(lab, faults, monkeypatch)
        assert [(await lab.do("find", job))["kind"] for _ in range(4)][-1] == "unclear"
        assert [one.attempt.concluded for one in await lab.tried(job)] == ["unclear"]


class TestWhereNobodyElseRenders(TestWhereTheListNamesNoPrompts):
    """The same provider, on an account that is said to be the app's own: its unclaimed renders are this app's."""

    @pytest.fixture
    def lane(self, provider: Provider) -> dict[str, Any]:
        """An exclusive lane."""
        where = {"deployment": "sora-2", "endpoint": provider.url, "api": "videos"}
        return where | {"max_in_flight": 100, "exclusive": True}

    @pytest.mark.usefixtures("at_once")
    async def test_nothing_is_adopted_by_itself(self, lab: Lab, faults: Faults) -> None:
        """Two jobs whose replies were lost may each own either render: neither is adopted, and both say so."""
        lab.provider.tamper("POST /videos", faults.lost_reply, faults.lost_reply)
        jobs_lost = [await lab.submit(size="1280x720", seconds=4) for _ in range(2)]
        for job in jobs_lost:
            assert (await lab.do("submit", job))["kind"] == "lost"
        for job in jobs_lost:
            assert [(await lab.do("find", job))["kind"] for _ in range(4)][-1] == "unclear"
            assert (await lab.read(job)).render_id is None

    @pytest.mark.usefixtures("at_once")
    async def test_the_only_render_that_is_nobodys_is_adopted(self, lab: Lab, faults: Faults) -> None:
        """Beside jobs whose renders are known, the one unclaimed render is that of the one lost create."""
        of_other = await lab.submit(size="1280x720", seconds=4)
        assert (await lab.do("submit", of_other))["kind"] == "submitted"
        lab.provider.tamper("POST /videos", faults.lost_reply)
        job = await lab.submit(size="1280x720", seconds=4)
        assert (await lab.do("submit", job))["kind"] == "lost"
        await lab.do("find", job)
        assert (await lab.do("find", job))["kind"] == "submitted"
        [render] = lab.provider.renders(job.prompt)
        assert (await lab.read(job)).render_id == render["id"]

    @pytest.mark.usefixtures("at_once")
    async def test_a_create_that_may_still_surface_keeps_others_from_adopting(self, lab: Lab, faults: Faults) -> None:
        """While a job that ended unclear may own a late render, no other lost job takes the one that is there."""
        lab.provider.tamper("POST /videos", faults.lost_request)
        unclear = await lab.submit(size="1280x720", seconds=4)
        assert (await lab.do("submit", unclear))["kind"] == "lost"
        assert [(await lab.do("find", unclear))["kind"] for _ in range(4)][-1] == "unclear"
        lab.provider.tamper("POST /videos", faults.lost_reply)
        job = await lab.submit(size="1280x720", seconds=4)
        assert (await lab.do("submit", job))["kind"] == "lost"
        assert [(await lab.do("find", job))["kind"] for _ in range(4)][-1] == "unclear"

    async def test_a_render_that_may_be_the_jobs_is_no_absence(
        self, lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A 5xx of a create that was taken ends with that render, and not with a second one."""
        job = await taken_and_refused(lab, faults, monkeypatch)
        await lab.do("find", job)
        assert (await lab.do("find", job))["kind"] == "submitted"
        [render] = lab.provider.renders(job.prompt)
        assert (await lab.read(job)).render_id == render["id"]


async def test_a_job_of_many_attempts_is_asked_for_once_too(lab: Lab, faults: Faults) -> None:
    """The newest of 200 attempts is seen to be open, though older ones sort behind it: nothing is sent again."""
    job = await lab.submit()
    table, where = await storage.table(), jobs.partition(job.owner)
    refused = [Attempt(n=n, lane="main", sent_at=job.created_at, concluded="busy") for n in range(1, 200)]
    for first in range(0, len(refused), 50):
        batch = refused[first : first + 50]
        assert await rows.commit(
            table, where, [Insert(attempts._key(job, one.n), rows.values_of(one)) for one in batch]
        )
    await lab.rewrite(where, jobs.job_key(job.inv), attempts=len(refused), state="running")
    lab.provider.tamper("POST /video", faults.lost_reply)
    assert (await lab.do("submit", job))["kind"] == "lost"
    assert (await lab.do("submit", job))["kind"] == "lost"
    assert len(lab.provider.renders(job.prompt)) == 1
    assert len(await lab.tried(job)) == len(refused) + 1


async def test_a_job_costs_what_its_lane_costs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is quoted on the cheapest lane, and reserved at the price of the one that had room."""
    [cheap] = json.loads(os.environ["LANES"])
    dear = cheap | {"name": "dear", "usd_per_second": "0.30"}
    monkeypatch.setenv("LANES", json.dumps([cheap | {"max_in_flight": 1}, dear]))
    config.configuration.cache_clear()
    first, second = [await lab.submit(size="480x480", seconds=1) for _ in range(2)]
    assert (first.cost_usd, second.cost_usd) == (Decimal("0.1"), Decimal("0.1"))
    for job in (first, second):
        assert (await lab.do("submit", job))["kind"] == "submitted"
    sent = [await lab.read(job) for job in (first, second)]
    assert [(job.lane, job.cost_usd) for job in sent] == [("main", Decimal("0.1")), ("dear", Decimal("0.3"))]
