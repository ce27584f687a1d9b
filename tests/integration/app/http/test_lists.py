"""Lists of jobs: newest first, page by page, nothing twice and nothing missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.app.http.conftest import Api, RunningHost


@pytest.fixture(scope="module")
def owner_api(host: RunningHost) -> Api:
    """An owner with seven jobs that have ended in different ways, of which the last two wait."""
    api = host.api()
    for n in range(5):
        api.accepted(f"kite {n}", model="nowhere" if n % 2 else "sora", seconds=1)
    jobs = pages(api, limit=100)[0]
    for job in jobs:
        if job["model"] == "sora":
            api.post(f"/videos/jobs/{job['id']}/cancel")
        else:
            api.until(job["id"], "failed")
    return api


def pages(api: Api, **query: Any) -> list[list[dict[str, Any]]]:
    """Follow `next` to the end; the jobs of each page."""
    found = []
    answer = api.get("/videos/jobs", **query).json()
    while True:
        found.append(answer["jobs"])
        assert ("next" in answer["links"]) == (answer["next_cursor"] is not None)
        if answer["next_cursor"] is None:
            return found
        assert answer["next_cursor"] in answer["links"]["next"]
        answer = api.get(answer["links"]["next"].removeprefix(api.base)).json()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_of_any_size_hold_every_job_once(owner_api: Api, limit: int) -> None:
    """Whatever the page size and however much is known of each job, each is listed once, newest first."""
    found = pages(owner_api, limit=limit)
    assert all(0 < len(page) <= limit for page in found)
    ids = [job["id"] for page in found for job in page]
    assert ids == sorted(ids, reverse=True)
    assert [job["prompt"] for page in found for job in page] == [f"kite {n}" for n in (4, 3, 2, 1, 0)]


def test_a_listed_job_is_the_job(owner_api: Api) -> None:
    """A list shows the same document as the job's own address."""
    [page] = pages(owner_api, limit=100)
    for job in page:
        if job["finished_at"]:
            assert job == owner_api.job(job["id"])


@pytest.mark.parametrize("limit", [1, 10])
def test_every_job_is_in_the_list_of_its_state_alone(owner_api: Api, limit: int) -> None:
    """The lists of all states together are the list of all jobs."""
    by_state = {
        state: [job for page in pages(owner_api, state=state, limit=limit) for job in page]
        for state in ("queued", "running", "storing", "succeeded", "failed", "cancelled")
    }
    assert all(job["state"] == state for state, listed in by_state.items() for job in listed)
    assert [job["prompt"] for job in by_state["failed"]] == ["kite 3", "kite 1"]
    ids = sorted(job["id"] for listed in by_state.values() for job in listed)
    assert ids == sorted(job["id"] for page in pages(owner_api) for job in page)


def test_a_page_is_stable_when_jobs_come_in_between(host: RunningHost) -> None:
    """A job that comes after a page was read changes nothing of the pages that follow."""
    api = host.api()
    before = [api.accepted(model="nowhere")["id"] for _ in range(4)]
    first = api.get("/videos/jobs", limit=2).json()
    newer = api.accepted(model="nowhere")["id"]
    second = api.get(first["links"]["next"].removeprefix(api.base)).json()
    assert [job["id"] for job in [*first["jobs"], *second["jobs"]]] == before[::-1]
    assert api.get("/videos/jobs", limit=1).json()["jobs"][0]["id"] == newer
    for job_id in [*before, newer]:
        api.until(job_id, "failed")


def test_an_owner_without_jobs_has_an_empty_list(host: RunningHost) -> None:
    """Nothing is a page too."""
    api = host.api()
    empty = api.get("/videos/jobs").json()
    assert (empty["jobs"], empty["next_cursor"]) == ([], None)
    assert empty["links"] == {"self": f"{api.base}/videos/jobs?limit=20"}
