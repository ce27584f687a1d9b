"""The life of a Sora 1 job: states, generations, content, lists, deletion, expiry (azure-openai.md A.2, A.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Any

    import httpx

    from tests.contract.azure_openai.conftest import Resource

BASE = "/openai/v1/video/generations"
JOBS = f"{BASE}/jobs"
PREVIEW = {"api-version": "preview"}
DAY_S = 24 * 3600


async def get(resource: Resource, path: str, **query: object) -> httpx.Response:
    """Get with the version every route asks for."""
    return await resource.client.get(path, params=PREVIEW | query)


async def test_job_goes_through_its_states(resource: Resource) -> None:
    """queued, preprocessing, running, processing, succeeded."""
    job = (await resource.job()).json()
    statuses = []
    for _ in range(66):
        statuses.append((await get(resource, f"{JOBS}/{job['id']}")).json()["status"])
        resource.clock.advance(0.125)
    assert list(dict.fromkeys(statuses)) == ["queued", "preprocessing", "running", "processing", "succeeded"]


async def test_succeeded_job_has_a_generation_for_each_variant(resource: Resource) -> None:
    """The end fills times and generations; a generation carries its job and no status."""
    job = await resource.finished(await resource.job(n_variants=3))
    assert job["finished_at"] == job["created_at"] + 8
    assert job["expires_at"] == job["created_at"] + DAY_S
    assert len({generation["id"] for generation in job["generations"]}) == 3
    generation = job["generations"][0]
    expected = {
        "object": "video.generation",
        "job_id": job["id"],
        "created_at": job["finished_at"],
        "width": 480,
        "height": 480,
        "n_seconds": 5,
        "prompt": "a fox",
    }
    assert generation == {"id": generation["id"], **expected}
    assert (await get(resource, f"{BASE}/{generation['id']}")).json() == generation


async def test_job_may_end_with_fewer_generations(resource: Resource) -> None:
    """`[generations:3]` of four variants makes three."""
    job = await resource.finished(await resource.job(prompt="[generations:3]", n_variants=4))
    assert (job["status"], job["n_variants"], len(job["generations"])) == ("succeeded", 4, 3)


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("[moderated:input]", "input_moderation"),
        ("[moderated:output]", "output_moderation"),
        ("[fails]", "internal_error"),
        ("[fails:unexplained]", None),
    ],
)
async def test_failed_job_gives_its_reason(resource: Resource, prompt: str, reason: str | None) -> None:
    """A failed job has a `failure_reason`, null where the service keeps it to itself, and no generations."""
    job = await resource.finished(await resource.job(prompt=prompt))
    assert (job["status"], job["failure_reason"], job["generations"]) == ("failed", reason, [])


async def test_content_is_an_mp4_smaller_in_low_quality(resource: Resource) -> None:
    """A generation's film has length, date and ranges; `quality=low` is smaller, anything else is 400."""
    job = await resource.finished(await resource.job())
    path = f"{BASE}/{job['generations'][0]['id']}/content/video"
    high, low = await get(resource, path), await get(resource, path, quality="low")
    assert (high.status_code, high.headers["content-type"]) == (200, "video/mp4")
    assert high.headers["last-modified"] == "Thu, 16 Oct 2025 15:16:44 GMT"
    assert len(low.content) < len(high.content) == int(high.headers["content-length"])
    assert (await get(resource, path, quality="medium")).json()["param"] == "quality"
    part = await resource.client.get(path, params=PREVIEW, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, high.content[10:20])


async def test_only_the_film_has_head(resource: Resource) -> None:
    """HEAD gives the film's length without a body; elsewhere there is no HEAD."""
    job = await resource.finished(await resource.job())
    path = f"{BASE}/{job['generations'][0]['id']}"
    head = await resource.client.head(f"{path}/content/video", params=PREVIEW)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "1000", b"")
    for other in (path, f"{path}/content/thumbnail", f"{JOBS}/{job['id']}"):
        assert (await resource.client.head(other, params=PREVIEW)).status_code == 404


async def test_thumbnail_is_called_image_jpg(resource: Resource) -> None:
    """The thumbnail is a JPEG under the media type the service gives it."""
    job = await resource.finished(await resource.job())
    reply = await get(resource, f"{BASE}/{job['generations'][0]['id']}/content/thumbnail")
    assert (reply.headers["content-type"], reply.content[:4]) == ("image/jpg", b"jpeg")
    assert {"content-length", "last-modified", "accept-ranges"} <= set(reply.headers)


async def test_generations_are_different_films(resource: Resource) -> None:
    """The variants of a job are not the same film."""
    job = await resource.finished(await resource.job(n_variants=2))
    films = [(await get(resource, f"{BASE}/{one['id']}/content/video")).content for one in job["generations"]]
    assert films[0] != films[1]


async def test_generation_does_not_exist_before_its_job_has_ended(resource: Resource) -> None:
    """Until then, and for ids that never were, a generation is 404."""
    job = (await resource.job()).json()
    early = resource.emulator.store.renders[job["id"]].generation_ids[0]
    for identity in (early, "gen_0", job["id"]):
        for part in ("", "/content/video", "/content/thumbnail"):
            assert (await get(resource, f"{BASE}/{identity}{part}")).status_code == 404


async def test_list_is_newest_first_with_cursors_both_ways(resource: Resource) -> None:
    """`after` goes on to older jobs, `before` to the ones just newer; ten are a page where no limit is given."""
    made = [(await resource.job()).json()["id"] for _ in range(12)][::-1]
    page = (await get(resource, JOBS)).json()
    assert ([job["id"] for job in page["data"]], page["has_more"]) == (made[:10], True)
    rest = (await get(resource, JOBS, after=page["last_id"])).json()
    assert ([job["id"] for job in rest["data"]], rest["has_more"]) == (made[10:], False)
    newer = (await get(resource, JOBS, before=made[5], limit=2)).json()
    assert ([job["id"] for job in newer["data"]], newer["has_more"]) == (made[3:5], True)
    assert (newer["first_id"], newer["last_id"]) == (made[3], made[4])


async def test_list_is_filtered_by_statuses(resource: Resource) -> None:
    """`statuses` takes several, joined by commas."""
    done = await resource.finished(await resource.job())
    failed = await resource.finished(await resource.job(prompt="[fails]"))
    queued = (await resource.job()).json()
    found = (await get(resource, JOBS, statuses="queued,failed")).json()["data"]
    assert [job["id"] for job in found] == [queued["id"], failed["id"]]
    assert [job["id"] for job in (await get(resource, JOBS, statuses="succeeded")).json()["data"]] == [done["id"]]
    assert (await get(resource, JOBS, statuses="cancelled")).json() == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 0}, 400),
        ({"limit": 101}, 400),
        ({"statuses": "done"}, 400),
        ({"after": "x"}, 404),
        ({"before": "x"}, 404),
    ],
)
async def test_bad_list_query_is_refused(resource: Resource, query: Any, status: Any) -> None:
    """A limit out of bounds and an unknown status are 400, a cursor that is not there 404."""
    assert (await get(resource, JOBS, **query)).status_code == status


async def test_deleted_job_is_gone_with_its_generations(resource: Resource) -> None:
    """A delete is 204 without a body; then job and generations are 404, a second delete too."""
    job = await resource.finished(await resource.job())
    reply = await resource.client.delete(f"{JOBS}/{job['id']}", params=PREVIEW)
    assert (reply.status_code, reply.content) == (204, b"")
    assert (await resource.client.delete(f"{JOBS}/{job['id']}", params=PREVIEW)).status_code == 404
    assert (await get(resource, f"{JOBS}/{job['id']}")).status_code == 404
    assert (await get(resource, f"{BASE}/{job['generations'][0]['id']}")).status_code == 404


async def test_job_in_flight_cannot_be_deleted(resource: Resource) -> None:
    """There is no cancel: deleting what runs is 400 in the job API's own form."""
    job = (await resource.job()).json()
    reply = await resource.client.delete(f"{JOBS}/{job['id']}", params=PREVIEW)
    assert (reply.status_code, reply.json()["code"]) == (400, "in_progress")


async def test_job_expires_a_day_after_its_creation(resource: Resource) -> None:
    """24 h after creation the job and its media are gone."""
    job = await resource.finished(await resource.job())
    resource.clock.advance(DAY_S - 8)
    assert (await get(resource, f"{JOBS}/{job['id']}")).status_code == 404
    assert (await get(resource, f"{BASE}/{job['generations'][0]['id']}/content/video")).status_code == 404
