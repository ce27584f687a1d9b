"""Submitting twice, waiting, cancelling, and being refused, through the public API."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.app.conftest import Provider
    from tests.integration.app.http.conftest import Api, IsProblem, RunningHost


def test_a_repeated_request_gets_the_same_job(api: Api, is_problem: IsProblem) -> None:
    """The same key and request give the same job and say so; another request with that key is a 422."""
    first = api.submit("a kite", model="nowhere", key="k-1")
    again = api.submit("a kite", model="nowhere", key="k-1")
    assert first.status_code == again.status_code == 202
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == again.headers["location"] == first.json()["links"]["self"]
    assert int(first.headers["retry-after"]) > 0
    is_problem(api.submit("another kite", model="nowhere", key="k-1"), 422, "idempotency_key_reused")
    assert len(api.get("/videos/jobs").json()["jobs"]) == 1


def test_a_key_belongs_to_its_owner(host: RunningHost) -> None:
    """Two owners may use one key for different requests."""
    one, other = host.api().submit("a", model="nowhere", key="k"), host.api().submit("b", model="nowhere", key="k")
    assert one.status_code == other.status_code == 202
    assert one.json()["id"] != other.json()["id"]


def test_parallel_identical_requests_make_one_job_and_one_render(api: Api, provider: Provider) -> None:
    """Ten clients that send the same thing at once get one job, and the provider is asked once."""
    prompt, key = f"one kite {secrets.token_hex(4)}", secrets.token_hex(8)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.submit(prompt, key=key), range(10)))
    assert {answer.status_code for answer in answers} == {202}
    [job_id] = {answer.json()["id"] for answer in answers}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 9
    api.until(job_id, "succeeded")
    assert len(provider.renders(prompt)) == 1


def test_refused_jobs_say_why_and_were_asked_for_once(api: Api, provider: Provider) -> None:
    """A wrong key, a missing deployment and a moderated prompt each end a job in their own way, at once."""
    prompt = f"[moderated] {secrets.token_hex(4)}"
    expected = {"wrong-key": "provider_auth", "nowhere": "deployment_missing", "sora": "moderated_input"}
    taken = {model: api.accepted(prompt, model=model) for model in expected}
    for model, code in expected.items():
        job = api.until(taken[model]["id"], "failed")
        problem = job["problem"]
        assert (problem["code"], problem["money"]) == (code, "none")
        assert problem["title"]
        assert problem["detail"]
        assert problem["advice"]
        assert job["cost"]["state"] == "released"
        kinds = [event["kind"] for event in api.timeline(job["id"])]
        assert kinds == ["submitted", "admitted", "asked", "refused", "failed"]
    assert len(provider.refusals(prompt)) == 1
    assert provider.renders(prompt) == []


def test_a_withheld_video_says_so(api: Api) -> None:
    """A render that moderation withholds at its end fails the job as moderated output."""
    job = api.until(api.accepted(f"[moderated:output] {secrets.token_hex(4)}")["id"], "failed")
    assert job["problem"]["code"] == "moderated_output"


def test_a_busy_provider_is_waited_for(api: Api, provider: Provider) -> None:
    """A provider that takes fewer than the lane was told answers 429: the jobs wait and all succeed, none twice."""
    prompts = [f"[takes:3] busy kite {n} {secrets.token_hex(4)}" for n in range(4)]
    ids = [api.accepted(prompt, model="busy")["id"] for prompt in prompts]
    for job_id, prompt in zip(ids, prompts, strict=True):
        api.until(job_id, "succeeded")
        assert len(provider.renders(prompt)) == 1
    ledger = provider.ledger()
    assert ledger["max_in_flight_seen"]["busy"] == 2
    assert any(refused["deployment"] == "busy" for refused in ledger["refused"])


def test_content_before_the_end_is_not_ready(api: Api, is_problem: IsProblem) -> None:
    """A video that is still to come is a 409 that says when to ask again; one that can never come is a 404."""
    job = api.accepted(model="single")
    generation = job["id"].replace("job", "gen")
    answer = api.get(f"/videos/generations/{generation}_0/content")
    is_problem(answer, 409, "not_ready")
    assert int(answer.headers["retry-after"]) > 0
    is_problem(api.get(f"/videos/generations/{generation}_1/content"), 404, "not_found")
    api.post(f"/videos/jobs/{job['id']}/cancel")


def test_a_cancel_frees_the_place_and_then_the_slot(api: Api, provider: Provider, is_problem: IsProblem) -> None:
    """A queued job is cancelled at once; a running one is paid for and holds its slot until its render has ended."""
    mark = secrets.token_hex(4)
    running = api.accepted(f"[takes:4] running {mark}", model="single")
    api.until(running["id"], "running")
    waiting = api.accepted(f"waiting {mark}", model="single")
    last = api.accepted(f"last {mark}", model="single")
    assert waiting["queue"] == {"position": 1, "ahead": 0}
    assert last["queue"] == {"position": 2, "ahead": 1}

    answers = [api.post(f"/videos/jobs/{waiting['id']}/cancel") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    ended = answers[0].json()
    assert (ended["state"], ended["cost"]["state"], ended["problem"]["money"]) == ("cancelled", "released", "none")
    assert api.job(last["id"])["queue"] == {"position": 1, "ahead": 0}

    asked = [api.post(f"/videos/jobs/{running['id']}/cancel") for _ in range(2)]
    assert all(answer.status_code in {200, 202} for answer in asked)
    ended = api.until(running["id"], "cancelled")
    assert (ended["cost"]["state"], ended["problem"]["money"]) == ("settled", "spent")
    assert ended["generations"] == []
    assert api.post(f"/videos/jobs/{running['id']}/cancel").json() == ended
    [render] = provider.renders(f"[takes:4] running {mark}")
    assert render["state"] == "running"
    assert api.job(last["id"])["state"] == "queued"

    done = api.until(last["id"], "succeeded")
    [of_last] = provider.renders(f"last {mark}")
    [of_running] = provider.renders(f"[takes:4] running {mark}")
    assert of_running["finished_at"] <= of_last["created_at"]
    assert provider.renders(f"waiting {mark}") == []
    assert provider.ledger()["max_in_flight_seen"]["single"] == 1
    is_problem(api.post(f"/videos/jobs/{done['id']}/cancel"), 409, "already_final")


@pytest.mark.parametrize("progress", ["seconds", "size"])
def test_a_job_of_defaults_says_what_they_are(api: Api, progress: str) -> None:
    """What a request leaves out is filled in from the model, and shown."""
    job = api.accepted(model="nowhere")
    assert job[progress] == {"seconds": 1, "size": "480x480"}[progress]
    assert (job["variants"], job["priority"], job["metadata"]) == (1, "normal", {})
