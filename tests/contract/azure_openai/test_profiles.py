"""How the services differ that an emulator can play (azure-openai.md B.3, B.4, B.6, H 7, 12, 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.azure_openai.conftest import MakeResource

VIDEOS = "/openai/v1/videos"


async def test_azure_null_prompts_hides_every_prompt_of_videos(make_resource: MakeResource) -> None:
    """In this profile `prompt` is null in create, get and list; jobs still show theirs."""
    resource = await make_resource("azure-null-prompts")
    created = await resource.video()
    assert created.json()["prompt"] is None
    assert (await resource.finished(created))["prompt"] is None
    assert (await resource.client.get(VIDEOS)).json()["data"][0]["prompt"] is None
    assert (await resource.job()).json()["prompt"] == "a fox"


async def test_openai_keeps_videos_an_hour_after_their_end(make_resource: MakeResource) -> None:
    """`expires_at` is the end plus an hour, and then the video is gone."""
    resource = await make_resource("openai")
    video = await resource.finished(await resource.video())
    assert video["expires_at"] == video["completed_at"] + 3600
    resource.clock.advance(3600)
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}")).status_code == 404


async def test_openai_replies_sparsely_and_with_more_keys(make_resource: MakeResource) -> None:
    """A create's reply leaves out what is null and the prompt; every object has a `quality`."""
    resource = await make_resource("openai")
    created = await resource.video()
    keys = {"id", "object", "model", "status", "progress", "created_at", "size", "seconds", "quality"}
    assert set(created.json()) == keys
    assert {"completed_at", "error", "quality"} <= set(await resource.finished(created))


async def test_openai_takes_longer_and_larger_videos(make_resource: MakeResource) -> None:
    """16 and 20 s for all, 1080p for the pro model, sora-2 where no model is named."""
    resource = await make_resource("openai")
    assert (await resource.video(seconds="20", model=None)).json()["model"] == "sora-2"
    assert (await resource.video(size="1920x1080")).status_code == 400
    assert (await resource.video(size="1920x1080", model="sora-2-pro")).status_code == 200


async def test_openai_makes_the_sizes_azure_fails_at(make_resource: MakeResource) -> None:
    """1024x1792 comes out there."""
    resource = await make_resource("openai")
    assert (await resource.finished(await resource.video(size="1024x1792")))["status"] == "completed"


async def test_openai_has_no_jobs_api_and_no_cap(make_resource: MakeResource) -> None:
    """Sora 1 was never offered there, and concurrency is limited by the rate alone."""
    resource = await make_resource("openai", max_in_flight=None, creates_per_minute=None)
    path = "/openai/v1/video/generations/jobs?api-version=preview"
    assert (await resource.client.get(path)).status_code == 404
    assert [(await resource.video()).status_code for _ in range(26)] == [200] * 25 + [429]


@pytest.mark.parametrize("profile", ["azure", "azure-null-prompts"])
async def test_azure_has_no_longer_videos(make_resource: MakeResource, profile: str) -> None:
    """4, 8 and 12 s are all."""
    resource = await make_resource(profile)
    assert [(await resource.video(seconds=s)).status_code for s in ("4", "8", "12", "16")] == [200, 200, 200, 400]
