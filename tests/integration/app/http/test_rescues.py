"""Making the best of renders that were paid for, and getting rid of jobs, through the public API."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.integration.app.conftest import Provider
    from tests.integration.app.http.conftest import Api, IsProblem, RunningHost


def test_a_retry_stores_the_render_that_is_there_for_nothing(
    api: Api, provider: Provider, is_problem: IsProblem
) -> None:
    """A cancelled job's render is taken over by its retry: one render is bought, the new job costs nothing."""
    prompt = f"a rescued kite {secrets.token_hex(4)} [takes:4]"
    parent = api.accepted(prompt)["id"]
    api.until(parent, "running")
    assert api.post(f"/videos/jobs/{parent}/cancel").status_code in {200, 202}
    api.until(parent, "cancelled")
    retried = api.post(f"/videos/jobs/{parent}/retry").json()
    assert retried["parent_id"] == parent
    heir = api.until(retried["id"], "succeeded")
    assert (heir["cost"], len(heir["generations"])) == ({"usd": "0.00", "state": "settled"}, 1)
    assert len(provider.renders(prompt)) == 1
    is_problem(api.post(f"/videos/jobs/{heir['id']}/retry"), 409, "not_retryable")


def test_a_retry_with_another_prompt_is_a_new_job(api: Api, provider: Provider) -> None:
    """A moderated job is tried again with what the user changed, and is bought like any other."""
    parent = api.until(api.accepted(f"[moderated] {secrets.token_hex(4)}")["id"], "failed")
    prompt = f"a milder kite {secrets.token_hex(4)}"
    retried = api.post(f"/videos/jobs/{parent['id']}/retry", json={"prompt": prompt}).json()
    assert api.until(retried["id"], "succeeded")["parent_id"] == parent["id"]
    assert len(provider.renders(prompt)) == 1


def test_what_is_to_be_different_is_checked_like_a_request(api: Api, is_problem: IsProblem) -> None:
    """A retry and an import take the prompts that a submit takes; a render's id can name nothing else."""
    parent = api.until(api.accepted(f"[moderated] {secrets.token_hex(4)}")["id"], "failed")
    for prompt in ("", "  ", "\U0001f3ac" * 16_001):
        retried = api.post(f"/videos/jobs/{parent['id']}/retry", json={"prompt": prompt})
        is_problem(retried, 422, "validation_failed", "/prompt")
        imported = api.post("/videos/jobs/import", json={"render_id": "task_x", "prompt": prompt})
        is_problem(imported, 422, "validation_failed", "/prompt")
    for render in ("", "../files/secret", "..", "a?b", "a b", "a\u0000", "a\n", "x" * 257):
        asked = {"render_id": render}
        is_problem(api.post("/videos/jobs/import", json=asked), 422, "validation_failed", "/render_id")
        resolved = api.post(f"/videos/jobs/{parent['id']}/resolve", json=asked)
        is_problem(resolved, 422, "validation_failed", "/render_id")


def test_only_a_disputed_job_is_resolved(api: Api, is_problem: IsProblem) -> None:
    """There is nothing to settle where nothing is unclear, and one of the two answers is asked for."""
    job = api.until(api.accepted(f"[moderated] {secrets.token_hex(4)}")["id"], "failed")
    is_problem(api.post(f"/videos/jobs/{job['id']}/resolve", json={"not_charged": True}), 409, "not_disputed")
    is_problem(api.post(f"/videos/jobs/{job['id']}/resolve", json={}), 422, "validation_failed", "")


def test_a_render_of_a_job_is_not_imported(api: Api, provider: Provider, is_problem: IsProblem) -> None:
    """A render belongs to one job: an import names the job that holds it, and refuses what nobody knows."""
    prompt = f"a foreign kite {secrets.token_hex(4)}"
    donor = api.until(api.accepted(prompt)["id"], "succeeded")
    [render] = provider.renders(prompt)
    lanes = {model["model"]: model["lanes"][0]["id"] for model in api.get("/lanes").json()["models"]}
    asked = {"render_id": render["id"], "lane": lanes[donor["model"]]}
    problem = is_problem(api.post("/videos/jobs/import", json=asked), 409, "render_claimed")
    assert donor["id"] in problem["detail"]
    is_problem(api.post("/videos/jobs/import", json={"render_id": "task_nowhere"}), 404, "render_unknown")
    is_problem(api.post("/videos/jobs/import", json={"render_id": "x", "lane": "nowhere-lane"}), 404, "not_found")


def _foreign(provider: Provider, prompt: str) -> str:
    """A render that another client of the resource made; its id."""
    order = {"model": "sora", "prompt": prompt, "width": 480, "height": 480, "n_seconds": 1}
    admin = provider.url.replace("/openai/v1", "/_emulator/renders")
    assert httpx.post(admin, json=order, timeout=30).status_code == 201
    return provider.renders(prompt)[0]["id"]


def test_an_imported_render_is_stored_for_nothing_and_once(
    host: RunningHost, provider: Provider, is_problem: IsProblem
) -> None:
    """A render made elsewhere becomes a job under the provider's own prompt; nobody imports it a second time."""
    api = host.api()
    prompt = f"a kite from elsewhere {secrets.token_hex(4)}"
    render = _foreign(provider, prompt)
    asked = {"render_id": render, "lane": "sora", "metadata": {"from": "studio"}}
    is_problem(api.post("/videos/jobs/import", json=asked | {"lane": "main"}), 404, "render_unknown")
    key = {"idempotency-key": secrets.token_hex(8)}
    first, again = (api.post("/videos/jobs/import", json=asked, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json()["id"], "idempotency-replayed" in first.headers) == (again.json()["id"], False)
    assert again.headers["idempotency-replayed"] == "true"
    is_problem(api.post("/videos/jobs/import", json={"render_id": "x"}, headers=key), 422, "idempotency_key_reused")
    job = api.until(first.json()["id"], "succeeded")
    assert (job["prompt"], job["model"], job["size"], job["seconds"]) == (prompt, "sora", "480x480", 1)
    assert (job["cost"], job["metadata"], len(job["generations"])) == (
        {"usd": "0.00", "state": "settled"},
        {"from": "studio"},
        1,
    )
    assert job["id"] in is_problem(api.post("/videos/jobs/import", json=asked), 409, "render_claimed")["detail"]
    problem = is_problem(host.api().post("/videos/jobs/import", json=asked), 409, "render_claimed")
    assert job["id"] not in problem["detail"]
    assert len(provider.renders(prompt)) == 1


def test_a_deleted_job_is_gone_with_its_video(host: RunningHost, is_problem: IsProblem) -> None:
    """A deleted job is nowhere to be found, its video opens no more, and its key says what became of it."""
    api = host.api()
    key = secrets.token_hex(8)
    prompt = f"a kite to forget {secrets.token_hex(4)}"
    job = api.until(api.submit(prompt, key=key).json()["id"], "succeeded")
    assert api.send("DELETE", f"/videos/jobs/{job['id']}?assets=delete").status_code == 204
    is_problem(api.get(f"/videos/jobs/{job['id']}"), 404, "not_found")
    is_problem(api.get(f"/videos/generations/{job['generations'][0]['id']}/content"), 404, "not_found")
    is_problem(api.send("DELETE", f"/videos/jobs/{job['id']}"), 404, "not_found")
    is_problem(api.submit(prompt, key=key), 410, "job_deleted")
    assert api.get("/videos/jobs").json()["jobs"] == []


def test_failed_jobs_are_deleted_together(host: RunningHost) -> None:
    """One call clears an owner's failed jobs and leaves the others."""
    api = host.api()
    kept = api.accepted(f"a kite to keep {secrets.token_hex(4)}")["id"]
    for _ in range(2):
        api.until(api.accepted(f"[moderated] {secrets.token_hex(4)}")["id"], "failed")
    assert api.send("DELETE", "/videos/jobs/failed").json() == {"deleted": 2, "more": False}
    assert [job["id"] for job in api.get("/videos/jobs").json()["jobs"]] == [kept]


def test_a_paused_lane_starts_nobody_until_it_is_resumed(api: Api, is_problem: IsProblem) -> None:
    """Pausing closes a lane for new renders; resuming admits who has waited."""
    lane = api.get("/lanes").json()["models"][0]["lanes"][0]["id"]
    assert api.post(f"/lanes/{lane}/pause").json()["is_paused"]
    try:
        model = api.get("/lanes").json()["models"][0]["model"]
        job = api.accepted(f"a patient kite {secrets.token_hex(4)}", model=model)
        assert api.job(job["id"])["state"] == "queued"
    finally:
        assert not api.post(f"/lanes/{lane}/resume").json()["is_paused"]
    assert api.until(job["id"], "succeeded", "failed")
    is_problem(api.post("/lanes/nowhere-lane/pause"), 404, "not_found")


def test_a_quote_is_what_the_job_will_cost(api: Api) -> None:
    """The same body priced and submitted says the same amount."""
    job = api.accepted("a priced kite")
    asked = {name: job[name] for name in ("prompt", "model", "size", "seconds", "variants")}
    assert api.post("/videos/quote", json=asked).json()["usd"] == job["cost"]["usd"]
