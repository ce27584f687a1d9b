"""What each answer of a provider means for a job, its money, and the next request."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from activities import find_render, look_at_render
from shared import clock, jobs, polling
from shared.http import ProblemError
from shared.models.problem import CATALOGUE

if TYPE_CHECKING:
    from pathlib import Path

    from shared.models.job import Job
    from tests.integration.app.conftest import Faults, Provider, StartProvider
    from tests.integration.app.steps.conftest import Lab

CREATE = "POST /video/generations/jobs"
LOOK = "GET /video/generations/jobs"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "provider_refused"),
        (401, "provider_auth"),
        (403, "provider_forbidden"),
        (404, "deployment_missing"),
        (410, "provider_retired"),
        (413, "provider_refused"),
        (415, "provider_refused"),
        (422, "provider_refused"),
    ],
)
async def test_a_refusal_is_for_good(lab: Lab, faults: Faults, status: int, code: str) -> None:
    """A refused create ends the job with a typed reason, costs nothing, and is never sent again."""
    lab.provider.tamper(CREATE, faults.answer(status))
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "refused"
    assert (await lab.do("submit", job))["kind"] == "refused"
    assert (await lab.do("finish", job, end={"kind": "refused"})) == {"kind": "done", "state": "failed"}
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.problem.code, ended.problem.money, ended.cost_state) == (code, "none", "released")
    assert ended.problem.money in CATALOGUE[ended.problem.code].money
    assert "scripted" not in ended.problem.model_dump_json()
    [refused] = [event for event in await jobs.timeline(job) if event.kind == "refused"]
    assert refused.data["detail"] == "scripted"
    assert len(await lab.tried(job)) == 1


async def test_a_providers_words_are_for_the_owner_alone(lab: Lab, faults: Faults) -> None:
    """What a provider said stands in the job's own timeline, without the key; nobody else reads a word of it."""
    words = f"wrong key emulator-key; request id req-{lab.model}"
    said = json.dumps({"error": {"message": words, "code": "401"}}).encode()
    lab.provider.tamper(CREATE, faults.answer(401, said))
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.do("finish", job, end={"kind": "refused"})
    timeline = json.dumps(await lab.call("get_video_job_timeline", "GET", job_id=job.id))
    assert f"wrong key [redacted]; request id req-{lab.model}" in timeline
    assert "emulator-key" not in timeline
    lab.owner_name, owner_name = "somebody else", lab.owner_name
    lanes = json.dumps(await lab.call("list_lanes", "GET"))
    assert "The provider does not accept our key" in lanes
    for name in ("get_video_job", "get_video_job_timeline"):
        with pytest.raises(ProblemError) as caught:
            await lab.call(name, "GET", job_id=job.id)
        assert caught.value.code == "not_found"
    lab.owner_name = owner_name
    shown = json.dumps(await lab.call("get_video_job", "GET", job_id=job.id))
    assert not [word for word in (f"req-{lab.model}", "emulator-key") if word in lanes + shown]


async def test_a_refusal_without_a_body_is_no_refusal(lab: Lab, faults: Faults) -> None:
    """What a proxy says in its own words proves nothing about the order."""
    lab.provider.tamper(CREATE, faults.answer(404, b"<html>not here</html>", "text/html"))
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "lost"


@pytest.mark.parametrize("answer", [(200, b"{}"), (200, b"thanks"), (409, b"{}"), (408, b"{}"), (500, b""), (502, b"")])
async def test_what_may_have_been_taken_is_lost_and_looked_for(
    lab: Lab, faults: Faults, answer: tuple[int, bytes]
) -> None:
    """Everything that neither takes nor refuses the order leaves the attempt open."""
    lab.provider.tamper(CREATE, faults.answer(*answer))
    job = await lab.submit()
    assert (await lab.do("submit", job))["kind"] == "lost"
    [tried] = await lab.tried(job)
    assert tried.attempt.concluded is None
    assert tried.attempt.server_error == (answer[0] if answer[0] >= 500 else None)


async def test_a_busy_provider_rests_its_lane(lab: Lab, faults: Faults) -> None:
    """After a 429 no create of any job is sent on the lane until the time the provider named has passed."""
    lab.provider.tamper(CREATE, faults.answer(429))
    one, two = await lab.submit(), await lab.submit()
    assert (await lab.do("submit", one)) == {"kind": "wait", "wait_s": 30.0}
    waits = [await lab.do("submit", job) for job in (one, two)]
    assert all(answer["kind"] == "wait" and 25 < answer["wait_s"] <= 30 for answer in waits)
    assert await lab.tried(two) == []
    assert lab.provider.renders(one.prompt) == lab.provider.renders(two.prompt) == []


async def test_a_busy_provider_is_not_waited_for_beyond_the_deadline(lab: Lab, faults: Faults) -> None:
    """A job ends at its deadline, however long the provider asks to wait."""
    lab.provider.tamper(CREATE, faults.answer(429))
    job = await lab.submit(deadline_s=60)
    deadline = clock.now() + timedelta(seconds=20)
    await lab.rewrite(jobs.partition(job.owner), jobs.job_key(job.inv), deadline_at=deadline)
    assert 2 <= (await lab.do("submit", job))["wait_s"] <= 20  # it asked for 30


async def lost_by_a_500(lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that is found lost after a plain 500, so that a listing without its render would prove absence."""
    monkeypatch.setattr(polling, "FIND_AFTER_S", (0,))
    monkeypatch.setattr(find_render, "_ABSENT_AFTER_S", 0.0)
    lab.provider.tamper(CREATE, faults.answer(500))
    job = await lab.submit()
    await lab.do("submit", job)
    await lab.do("find", job)
    return job


async def test_a_listing_that_has_more_but_shows_nothing_proves_nothing(
    lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is empty though more is said to follow is no end of the list: nothing is concluded from it."""
    job = await lost_by_a_500(lab, faults, monkeypatch)
    lab.provider.tamper(LOOK, faults.answer(200, b'{"data": [], "has_more": true}'))
    assert (await lab.do("find", job)) == {"kind": "wait", "wait_s": 60.0}
    assert [one.attempt.concluded for one in await lab.tried(job)] == [None]


async def test_a_listing_that_never_comes_proves_nothing(
    lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost create whose provider does not list its renders for a day is unclear, whatever its first answer was."""
    job = await lost_by_a_500(lab, faults, monkeypatch)
    lab.provider.tamper(LOOK, faults.answer(500), faults.answer(500))
    assert (await lab.do("find", job)) == {"kind": "wait", "wait_s": 60.0}
    monkeypatch.setattr(find_render, "_GIVE_UP_LISTING_S", 0.0)
    assert (await lab.do("find", job))["kind"] == "unclear"
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.problem.code, ended.cost_state) == ("submission_unclear", "disputed")


@pytest.mark.parametrize(
    ("prompt", "code"), [("[moderated:output]", "moderated_output"), ("[fails]", "provider_error")]
)
async def test_a_render_that_fails_fails_its_job(lab: Lab, prompt: str, code: str) -> None:
    """A failed render ends the job with the provider's reason, and may have cost money."""
    job = await lab.submit(f"{prompt} {lab.model}")
    await lab.do("submit", job)
    end = await lab.watch(job)
    assert end["kind"] == "failed"
    await lab.do("finish", job, end=end)
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.state, ended.problem.code, ended.problem.money) == ("failed", code, "may_be_spent")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_no_answer_to_a_look_ends_a_bought_render(lab: Lab, faults: Faults, status: int) -> None:
    """Only the provider's word ends a render; a look without an answer waits, and 401 and 403 call an operator."""
    job = await lab.submit()
    await lab.do("submit", job)
    lab.provider.tamper(LOOK, faults.answer(status))
    assert (await lab.do("look", job))["kind"] == "wait"
    assert (await lab.read(job)).state == "running"
    assert (await lab.watch(job))["kind"] == "succeeded"


async def test_three_404s_a_minute_apart_and_absence_from_the_list_end_a_render(
    lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less than that is a hiccup: one 404 more or less, or a list that still shows the render, keeps it watched."""
    job = await lab.submit()
    await lab.do("submit", job)
    missing, empty = faults.answer(404), faults.answer(200, b'{"data": [], "has_more": false}')
    lab.provider.tamper(LOOK, *[missing] * 3)
    assert [(await lab.do("look", job))["kind"] for _ in range(3)] == ["wait"] * 3
    monkeypatch.setattr(look_at_render, "_BETWEEN_MISSES", timedelta())
    for faults_of_a_look in ([missing], [missing], [missing, faults.answer(500)]):
        lab.provider.tamper(LOOK, *faults_of_a_look)
        assert (await lab.do("look", job))["kind"] == "wait"
    lab.provider.tamper(LOOK, missing, empty)
    assert (await lab.do("look", job))["kind"] == "gone"


@pytest.mark.parametrize("asks", ["inf", "nan", "-5", "soon", "1e400"])
async def test_a_senseless_retry_after_is_not_obeyed(lab: Lab, asks: str) -> None:
    """A busy provider that names no sensible time is asked again after the usual pause."""

    async def busy(app: Any, scope: Any, receive: Any, send: Any) -> None:
        del app, scope, receive
        headers = [(b"retry-after", asks.encode()), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    lab.provider.tamper(CREATE, busy)
    job = await lab.submit()
    answer = await lab.do("submit", job)
    assert answer["kind"] == "wait"
    assert 0 <= answer["wait_s"] <= 30
    assert [one.attempt.concluded for one in await lab.tried(job)] == ["busy"]


class TestAProviderThatStopsAndStarts:
    """One emulator of the test's own, at an address that is not always served."""

    @pytest.fixture
    def provider(self, tmp_path: Path, provider: Provider, start_provider: StartProvider) -> Provider:
        """An emulator that the test may stop."""
        return start_provider(tmp_path / "own", provider.settings)

    async def test_what_was_never_sent_is_sent_when_the_provider_is_there(self, lab: Lab) -> None:
        """A refused connection proves that nothing was bought: the job waits, longer each time, and succeeds."""
        lab.provider.stop()
        job = await lab.submit()
        assert [(await lab.do("submit", job))["wait_s"] for _ in range(3)] == [5.0, 10.0, 20.0]
        assert [one.attempt.concluded for one in await lab.tried(job)] == ["not_sent"] * 3
        lab.provider.start()
        assert (await lab.do("submit", job))["kind"] == "submitted"
        assert len(lab.provider.renders(job.prompt)) == 1

    async def test_a_connection_that_died_while_idle_loses_no_create(self, lab: Lab) -> None:
        """Creates never go over a kept connection, which might be dead: after a restart the next one arrives."""
        one = await lab.submit()
        assert (await lab.do("submit", one))["kind"] == "submitted"
        await lab.do("look", one)
        lab.provider.stop()
        lab.provider.start()
        two = await lab.submit()
        assert (await lab.do("submit", two))["kind"] == "submitted"
        assert (await lab.watch(one))["kind"] == "succeeded"
