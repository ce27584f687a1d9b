"""Faults of the emulator that a job outlasts in minutes: the same steps, with the waiting between them taken out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from activities import find_render, look_at_render
from shared import clock, jobs, polling

if TYPE_CHECKING:
    from tests.integration.app.steps.conftest import Lab

DIALECTS = {
    "jobs": {"api": "jobs", "deployment": "slow"},
    "videos": {
        "api": "videos",
        "deployment": "sora-2",
        "offers": [{"sizes": ["720x1280"], "seconds": [4], "max_variants": 1}],
    },
}


@pytest.fixture(params=DIALECTS)
def lane(request: pytest.FixtureRequest, lane: dict[str, Any]) -> dict[str, Any]:
    """A lane of each dialect."""
    return lane | DIALECTS[request.param]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for a lost render twice at once, and believe a missing one without a pause."""
    monkeypatch.setattr(polling, "FIND_AFTER_S", (0, 0))
    monkeypatch.setattr(find_render, "_ABSENT_AFTER_S", 0.0)
    monkeypatch.setattr(look_at_render, "_BETWEEN_MISSES", timedelta())


FOREIGN = {
    "slow": {"width": 480, "height": 480, "n_seconds": 1},
    "sora-2": {"size": "720x1280", "seconds": "4"},
}


@pytest.mark.usefixtures("hurry")
async def test_an_order_that_never_arrived_is_unclear_and_bought_nothing(lab: Lab, lane: dict[str, Any]) -> None:
    """A reset cannot be told from a lost reply: the job says so, sends nothing again, adopts no other client's."""
    name = lane["deployment"]
    admin = lab.provider.url.replace("/openai/v1", "/_emulator/renders")
    foreign = {"model": name, "prompt": f"another client's {lab.model}", **FOREIGN[name]}
    async with httpx.AsyncClient() as client:
        assert (await client.post(admin, json=foreign)).status_code == 201
    job = await lab.submit(f"[create:reset] {lab.model}")
    assert (await lab.do("submit", job))["kind"] == "lost"
    found = [(await lab.do("find", job))["kind"] for _ in range(3)]
    assert found == ["wait", "wait", "unclear"]
    assert (await lab.do("submit", job))["kind"] == "unclear"
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.problem.code, ended.cost_state) == ("submission_unclear", "disputed")
    assert lab.provider.renders(job.prompt) == []


@pytest.mark.usefixtures("hurry")
async def test_a_5xx_that_took_nothing_is_followed_by_one_more_order(lab: Lab) -> None:
    """Absence after a plain 5xx is proved by the list; then one render is bought."""
    job = await lab.submit(f"[create:500] {lab.model}")
    assert (await lab.do("submit", job))["kind"] == "lost"
    assert [(await lab.do("find", job))["kind"] for _ in range(2)] == ["wait", "wait"]
    assert (await lab.do("submit", job))["kind"] == "submitted"
    assert [one.attempt.concluded for one in await lab.tried(job)] == ["absent", "accepted"]
    assert len(lab.provider.renders(job.prompt)) == 1


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("effect", ["vanish", "expire"])
async def test_a_render_that_vanishes_or_expires_is_gone(lab: Lab, effect: str) -> None:
    """Three 404s and absence from the list end the job; it was paid for."""
    job = await lab.submit(f"[create:{effect}] {lab.model}")
    assert (await lab.do("submit", job))["kind"] == "submitted"
    seen = [await lab.do("look", job) for _ in range(3)]
    assert [one["kind"] for one in seen] == ["wait", "wait", "gone"]
    await lab.do("finish", job, end=seen[-1])
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.state, ended.problem.code) == ("failed", "render_gone")
    assert ended.problem.money != "none"
    assert len(lab.provider.renders(job.prompt)) == 1


async def test_an_unknown_state_is_success_once_there_is_a_film(lab: Lab) -> None:
    """A word that nobody knows is asked about again in a minute, and the content is tried: a film is a film."""
    job = await lab.submit(f"[takes:2] [status:state,times=all] {lab.model}")
    await lab.do("submit", job)
    seen = await lab.do("look", job)
    assert (seen["kind"], seen["wait_s"]) == ("wait", 60)
    end = await lab.watch(job)
    assert end["kind"] == "succeeded"
    assert (await lab.do("store", job, n=0, source=end["sources"][0]))["kind"] == "stored"


async def test_an_unknown_state_with_no_film_is_waited_for(lab: Lab) -> None:
    """A page, half an answer or none in the place of a film proves nothing."""
    faults = "[content:html] [content:short,bytes=3] [content:reset]"
    job = await lab.submit(f"[status:state,times=3] {faults} {lab.model}")
    await lab.do("submit", job)
    for _ in range(300):
        if lab.provider.renders(job.prompt)[0]["finished_at"]:
            break
        await asyncio.sleep(0.1)
    assert [(await lab.do("look", job))["kind"] for _ in range(4)] == ["wait", "wait", "wait", "succeeded"]


async def test_an_unknown_state_is_given_up_after_a_day(lab: Lab) -> None:
    """Once the provider keeps nothing any more, a word that nobody knows is no reason to go on; it was paid for."""
    job = await lab.submit(f"[takes:90000] [status:state,times=all] {lab.model}")
    await lab.do("submit", job)
    for hours, kind in ((23, "wait"), (25, "gone")):
        accepted_at = clock.now() - timedelta(hours=hours)
        await lab.rewrite(jobs.partition(job.owner), jobs.job_key(job.inv), accepted_at=accepted_at)
        assert (await lab.do("look", job))["kind"] == kind


async def test_a_hint_makes_the_next_look_wait(lab: Lab) -> None:
    """A provider that asks for patience is asked again no earlier."""
    job = await lab.submit(f"[takes:60] [status:hint,seconds=47] {lab.model}")
    await lab.do("submit", job)
    hinted = await lab.do("look", job)
    assert (hinted["kind"], hinted["wait_s"] >= 47) == ("wait", True)
    assert (await lab.do("look", job))["wait_s"] < 47


async def test_a_rotated_key_is_waited_for(lab: Lab) -> None:
    """With the old key a bought render is not given up: the job calls for attention until looks are answered again."""
    job = await lab.submit(f"a kite under another key {lab.model}")
    assert (await lab.do("submit", job))["kind"] == "submitted"
    admin = lab.provider.url.replace("/openai/v1", "/_emulator/key")
    async with httpx.AsyncClient() as client:
        assert (await client.put(admin, json={"key": "another"})).status_code == 204
        try:
            refused = await lab.do("look", job)
            shown = await lab.call("get_video_job", "GET", job_id=job.id)
        finally:
            assert (await client.put(admin, json={"key": "emulator-key"})).status_code == 204
    assert refused["kind"] == "wait"
    assert shown["attention"]
    assert (await lab.watch(job))["kind"] == "succeeded"
    assert (await lab.call("get_video_job", "GET", job_id=job.id))["attention"] is None
