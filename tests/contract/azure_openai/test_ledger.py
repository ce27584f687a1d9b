"""The ledger: every render there ever was, and what it would have cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Any

    from tests.contract.azure_openai.conftest import MakeResource, Resource

LEDGER = "/_emulator/ledger"
DAY_S = 24 * 3600


async def ledger(resource: Resource) -> dict[str, Any]:
    """Get the ledger, which needs no key."""
    return (await resource.client.get(LEDGER, headers={"api-key": ""})).json()


async def test_ledger_lists_renders_of_both_dialects(resource: Resource) -> None:
    """Every render is there with what was asked for, oldest first."""
    started_at = resource.clock.now()
    video = (await resource.video(size="1280x720", seconds="8")).json()
    resource.clock.advance(1)
    job = (await resource.job(n_variants=2)).json()
    first, second = (await ledger(resource))["renders"]
    expected = {
        "id": video["id"],
        "dialect": "videos",
        "deployment": "sora-2",
        "prompt": "a fox",
        "size": "1280x720",
        "seconds": 8,
        "variants": 1,
        "created_at": started_at,
        "state": "running",
        "status": "in_progress",
        "billed": True,
        "usd": 0.8,
    }
    assert first | expected == first
    expected = {"id": job["id"], "dialect": "jobs", "size": "480x480", "seconds": 5, "state": "queued", "usd": None}
    assert second | expected == second


async def test_deleted_and_expired_renders_stay_billed(resource: Resource) -> None:
    """Neither a delete nor the expiry takes a bill back."""
    deleted = await resource.finished(await resource.video())
    await resource.client.delete(f"/openai/v1/videos/{deleted['id']}")
    await resource.finished(await resource.video())
    resource.clock.advance(DAY_S)
    found = [(one["state"], one["billed"]) for one in (await ledger(resource))["renders"]]
    assert found == [("deleted", True), ("expired", True)]


@pytest.mark.parametrize("prompt", ["[moderated:output]", "[fails]"])
async def test_render_that_fails_is_billed_until_then(resource: Resource, prompt: str) -> None:
    """A render counts from its acceptance on, and no more once it has ended without a film, also later."""
    await resource.video(prompt=prompt)
    assert [one["billed"] for one in (await ledger(resource))["renders"]] == [True]
    resource.clock.advance(8)
    assert [(one["state"], one["billed"]) for one in (await ledger(resource))["renders"]] == [("failed", False)]
    resource.clock.advance(DAY_S)
    assert [one["billed"] for one in (await ledger(resource))["renders"]] == [False]


async def test_refused_creates_are_listed_apart(make_resource: MakeResource) -> None:
    """A valid create that moderation, cap or rate refused is no render, but can be seen."""
    resource = await make_resource(max_in_flight=1, creates_per_minute=2)
    await resource.video(prompt="[moderated] x")
    await resource.video()
    await resource.video(prompt="too many")
    resource.clock.advance(8)
    await resource.video(prompt="too often")
    await resource.video(seconds="5")
    found = await ledger(resource)
    assert len(found["renders"]) == 1
    assert [one["prompt"] for one in found["refused"]] == ["[moderated] x", "too many", "too often"]
    assert [one["counts"] for one in found["refused"]] == [True, False, False]


async def test_most_ever_in_flight_is_told_per_deployment(make_resource: MakeResource) -> None:
    """The high-water mark counts renders at the same moment; one that ends as another begins leaves room for it."""
    resource = await make_resource(deployments={"a": "sora-2", "b": "sora-2"})
    await resource.video(model="a")
    resource.clock.advance(4)
    await resource.video(model="a")
    resource.clock.advance(4)
    await resource.video(model="a")
    await resource.video(model="b")
    resource.clock.advance(60)
    await resource.video(model="a")
    assert (await ledger(resource))["max_in_flight_seen"] == {"a": 2, "b": 1}


@pytest.mark.parametrize("path", ["/", "/_emulator"])
async def test_page_shows_the_ledger_without_foreign_addresses(resource: Resource, path: str) -> None:
    """The page is one file that loads nothing from elsewhere."""
    reply = await resource.client.get(path, headers={"api-key": ""})
    assert reply.headers["content-type"].startswith("text/html")
    assert LEDGER in reply.text
    assert "http://" not in reply.text
    assert "https://" not in reply.text


async def test_page_has_thumbnail_and_film_of_what_has_one(resource: Resource) -> None:
    """A browser has no key, so the page's pictures and films have paths of their own; without a film they are 404."""
    done = await resource.finished(await resource.job())
    failed = await resource.finished(await resource.video(prompt="[fails]"))
    running = (await resource.video()).json()
    for folder, media_type in (("thumbnails", "image/webp"), ("films", "video/mp4")):
        reply = await resource.client.get(f"/_emulator/{folder}/{done['id']}")
        assert (reply.status_code, reply.headers["content-type"]) == (200, media_type)
        for identity in (failed["id"], "video_0"):
            assert (await resource.client.get(f"/_emulator/{folder}/{identity}")).status_code == 404
    assert (await resource.client.get(f"/_emulator/films/{running['id']}")).status_code == 404
