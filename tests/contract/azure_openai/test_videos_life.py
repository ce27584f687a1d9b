"""The life of a video: progress, content, lists, deletion, remix, expiry (azure-openai.md B.2, B.4, H 11-18, 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.azure_openai.config import Quirk

if TYPE_CHECKING:
    from typing import Any

    from tests.contract.azure_openai.conftest import MakeResource, Resource

VIDEOS = "/openai/v1/videos"
DAY_S = 24 * 3600


async def test_video_goes_through_its_states_with_rising_progress(resource: Resource) -> None:
    """queued, in_progress without progress for a while, then rising, then completed at 100, in the time it takes."""
    video = (await resource.video()).json()
    seen = []
    for _ in range(64):
        seen.append((await resource.client.get(f"{VIDEOS}/{video['id']}")).json())
        resource.clock.advance(0.125)
    statuses = [one["status"] for one in seen]
    assert list(dict.fromkeys(statuses)) == ["queued", "in_progress"]
    progress = [one["progress"] for one in seen]
    assert progress == sorted(progress)
    assert progress[8] == 0
    assert 0 < progress[32] < progress[63] < 100
    done = (await resource.client.get(f"{VIDEOS}/{video['id']}")).json()
    assert (done["status"], done["progress"]) == ("completed", 100)
    assert done["completed_at"] == video["created_at"] + 8
    assert done["expires_at"] == video["created_at"] + DAY_S


async def test_video_waits_for_its_film(resource: Resource) -> None:
    """However late it is, a video is not completed before its film is drawn."""
    resource.films.is_slow = True
    video = await resource.finished(await resource.video())
    assert (video["status"], video["progress"], video["completed_at"]) == ("in_progress", 99, None)
    resource.clock.advance(3)
    resource.films.finish()
    video = (await resource.client.get(f"{VIDEOS}/{video['id']}")).json()
    assert (video["status"], video["completed_at"]) == ("completed", video["created_at"] + 11)


async def test_film_that_cannot_be_drawn_fails_its_video(resource: Resource) -> None:
    """A film that cannot be drawn ends its video as failed, never as stuck."""
    resource.films.is_slow = True
    reply = await resource.video()
    resource.films.spoil()
    video = await resource.finished(reply)
    assert (video["status"], video["error"]["code"]) == ("failed", "processing_error")


@pytest.mark.parametrize(
    ("prompt", "size", "code", "after_s"),
    [
        ("[moderated:output] x", "720x1280", "moderation_blocked", 8),
        ("[moderated:input] x", "720x1280", "moderation_blocked", 1.2),
        ("[fails] x", "720x1280", "processing_error", 4),
        ("x", "1024x1792", "processing_error", 4),
    ],
)
async def test_video_fails_as_told_or_for_its_size(
    resource: Resource, prompt: str, size: Any, code: str, after_s: float
) -> None:
    """A tag, or a size that Azure accepts and cannot make, ends in `failed` with a code and a message."""
    video = (await resource.video(prompt=prompt, size=size)).json()
    resource.clock.advance(after_s - 0.1)
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}")).json()["error"] is None
    resource.clock.advance(0.2)
    failed = (await resource.client.get(f"{VIDEOS}/{video['id']}")).json()
    assert (failed["status"], failed["completed_at"], failed["error"]["code"]) == ("failed", None, code)
    assert failed["error"]["message"]
    assert failed["progress"] < 100
    assert failed["expires_at"] == video["created_at"] + DAY_S


async def test_video_may_fail_without_a_reason(resource: Resource) -> None:
    """`failed` and a null error, which a client must not take for success (H 22)."""
    video = await resource.finished(await resource.video(prompt="[fails:unexplained]"))
    assert (video["status"], video["error"]) == ("failed", None)


@pytest.mark.parametrize(
    ("prompt", "after_s", "status"), [("[takes:67]", 66, "in_progress"), ("[stuck]", DAY_S - 1, "in_progress")]
)
async def test_video_takes_as_long_as_its_prompt_says(
    resource: Resource, prompt: str, after_s: float, status: Any
) -> None:
    """`[takes:67]` takes 67 s, `[stuck]` never ends."""
    video = (await resource.video(prompt=prompt)).json()
    resource.clock.advance(after_s)
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}")).json()["status"] == status


@pytest.mark.parametrize(
    ("variant", "media_type", "body"),
    [
        ("", "video/mp4", b""),
        ("?variant=video", "video/mp4", b""),
        ("?variant=thumbnail", "image/webp", b"webp of"),
        ("?variant=spritesheet", "image/jpeg", b"sheet of"),
    ],
)
async def test_content_has_three_variants(resource: Resource, variant: str, media_type: str, body: Any) -> None:
    """The film is MP4, the thumbnail WebP, the sprite sheet JPEG, each with its length and date."""
    video = await resource.finished(await resource.video())
    reply = await resource.client.get(f"{VIDEOS}/{video['id']}/content{variant}")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == media_type
    assert int(reply.headers["content-length"]) == len(reply.content) > 0
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["last-modified"] == "Thu, 16 Oct 2025 15:16:44 GMT"
    assert reply.content.startswith(body)


@pytest.mark.parametrize(
    ("asked", "status", "cut", "content_range"),
    [
        ("bytes=0-99", 206, slice(0, 100), "bytes 0-99/1000"),
        ("bytes=900-", 206, slice(900, 1000), "bytes 900-999/1000"),
        ("bytes=-10", 206, slice(990, 1000), "bytes 990-999/1000"),
        ("bytes=2000-", 416, slice(0, 0), "bytes */1000"),
    ],
)
async def test_content_is_sent_in_ranges(
    resource: Resource, asked: str, status: Any, cut: slice, content_range: str
) -> None:
    """A Range is answered with just that part, one behind the end with 416."""
    video = await resource.finished(await resource.video())
    path = f"{VIDEOS}/{video['id']}/content"
    whole = (await resource.client.get(path)).content
    reply = await resource.client.get(path, headers={"range": asked})
    assert (reply.status_code, reply.headers["content-range"]) == (status, content_range)
    if status == 206:
        assert reply.content == whole[cut]


async def test_content_of_an_unknown_variant_is_400(resource: Resource) -> None:
    """A variant that does not exist is 400 and names those that do."""
    video = await resource.finished(await resource.video())
    reply = await resource.client.get(f"{VIDEOS}/{video['id']}/content?variant=gif")
    assert reply.status_code == 400
    assert "spritesheet" in reply.json()["error"]["message"]


@pytest.mark.parametrize("prompt", ["a fox", "[fails] a fox"])
async def test_content_before_or_without_completion_is_400(resource: Resource, prompt: str) -> None:
    """There is no content while a video is made, nor of a failed one."""
    video = (await resource.video(prompt=prompt)).json()
    resource.clock.advance(5)
    reply = await resource.client.get(f"{VIDEOS}/{video['id']}/content")
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "video_not_ready"


async def test_unknown_video_is_404_everywhere(resource: Resource) -> None:
    """An id that never was, and a job's id, are 404 for every operation."""
    job = (await resource.job()).json()
    for identity in ("video_0", job["id"]):
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
            reply = await resource.client.request(method, f"{VIDEOS}/{identity}{path}")
            assert (reply.status_code, reply.json()["error"]["type"]) == (404, "invalid_request_error")
        reply = await resource.client.post(f"{VIDEOS}/{identity}/remix", json={"prompt": "x"})
        assert reply.status_code == 404


async def test_list_is_newest_first_and_pages_by_last_id(resource: Resource) -> None:
    """A list is paged with `after=last_id` until `has_more` is false, newest first or with `order=asc` oldest first."""
    made = [(await resource.video(prompt=f"number {n}")).json()["id"] for n in range(5)]
    for order, expected in (("desc", made[::-1]), ("asc", made)):
        found, after = [], {}
        while True:
            page = (await resource.client.get(VIDEOS, params={"limit": 2, "order": order} | after)).json()
            assert (page["object"], page["first_id"], page["last_id"]) == (
                "list",
                page["data"][0]["id"],
                page["data"][-1]["id"],
            )
            found += [video["id"] for video in page["data"]]
            after = {"after": page["last_id"]}
            if not page["has_more"]:
                break
        assert found == expected


async def test_list_entries_are_whole_videos_with_prompts(resource: Resource) -> None:
    """A list holds the same objects as a get, prompts included."""
    video = (await resource.video()).json()
    assert (await resource.client.get(VIDEOS)).json()["data"] == [video]


async def test_empty_list_has_null_edges(resource: Resource) -> None:
    """An empty list has null ids and no more."""
    expected = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert (await resource.client.get(VIDEOS)).json() == expected


async def test_list_of_none_says_that_there_is_more(resource: Resource) -> None:
    """`limit=0` is allowed: no data, and whether there would be any."""
    await resource.video()
    page = (await resource.client.get(VIDEOS, params={"limit": 0})).json()
    assert (page["data"], page["has_more"]) == ([], True)


@pytest.mark.parametrize("query", ["limit=101", "limit=-1", "limit=x", "limit=1.5", f"limit={'9' * 5000}", "order=up"])
async def test_bad_list_query_is_400(resource: Resource, query: Any) -> None:
    """A limit outside of 0 to 100, or an unknown order, is 400 and named."""
    reply = await resource.client.get(f"{VIDEOS}?{query}")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, query.partition("=")[0])


async def test_list_after_something_that_is_gone_is_404(resource: Resource) -> None:
    """A cursor that is unknown or deleted is 404, so that a listing cannot skip a part unnoticed."""
    video = await resource.finished(await resource.video())
    await resource.client.delete(f"{VIDEOS}/{video['id']}")
    for after in (video["id"], "video_0"):
        assert (await resource.client.get(VIDEOS, params={"after": after})).status_code == 404


async def test_deleted_video_is_gone(resource: Resource) -> None:
    """A delete answers with what was deleted; then the video is 404 and in no list."""
    video = await resource.finished(await resource.video())
    path = f"{VIDEOS}/{video['id']}"
    reply = await resource.client.delete(path)
    assert reply.json() == {"id": video["id"], "object": "video.deleted", "deleted": True}
    assert [(await resource.client.request(method, path)).status_code for method in ("DELETE", "GET")] == [404, 404]
    assert (await resource.client.get(VIDEOS)).json()["data"] == []


async def test_video_in_flight_cannot_be_deleted(resource: Resource) -> None:
    """Deleting what is queued or running is 400, and changes nothing."""
    video = (await resource.video()).json()
    reply = await resource.client.delete(f"{VIDEOS}/{video['id']}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "in_progress")
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}")).status_code == 200


async def test_remix_keeps_size_and_length_and_names_its_source(resource: Resource) -> None:
    """A remix is a new video with another prompt."""
    source = await resource.finished(await resource.video(size="1280x720", seconds="8"))
    created = await resource.client.post(f"{VIDEOS}/{source['id']}/remix", json={"prompt": "a cat"})
    resource.clock.advance(8)
    remix = (await resource.client.get(f"{VIDEOS}/{created.json()['id']}")).json()
    expected = {"prompt": "a cat", "size": "1280x720", "seconds": "8", "status": "completed"}
    assert remix | expected == remix
    assert remix["remixed_from_video_id"] == source["id"] != remix["id"]


@pytest.mark.parametrize(("prompt", "body", "status"), [("a fox", {}, 400), ("[stuck]", {"prompt": "x"}, 400)])
async def test_remix_needs_a_prompt_and_a_completed_source(
    resource: Resource, prompt: str, body: Any, status: Any
) -> None:
    """A remix without prompt, or of what is not completed, is 400."""
    source = await resource.finished(await resource.video(prompt=prompt))
    assert (await resource.client.post(f"{VIDEOS}/{source['id']}/remix", json=body)).status_code == status


async def test_video_expires_a_day_after_its_creation(resource: Resource) -> None:
    """24 h after creation a video is 404: get, content, list and delete."""
    video = await resource.finished(await resource.video())
    resource.clock.advance(DAY_S - 8.125)
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}/content")).status_code == 200
    resource.clock.advance(0.125)
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        assert (await resource.client.request(method, f"{VIDEOS}/{video['id']}{path}")).status_code == 404
    assert (await resource.client.get(VIDEOS)).json()["data"] == []


async def test_expired_video_can_be_shown_as_such(make_resource: MakeResource) -> None:
    """With the quirk `expired-status` it is still there, as `expired` and without content."""
    resource = await make_resource(quirks=frozenset({Quirk.EXPIRED_STATUS}))
    video = await resource.finished(await resource.video())
    resource.clock.advance(DAY_S)
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}")).json()["status"] == "expired"
    assert (await resource.client.get(f"{VIDEOS}/{video['id']}/content")).status_code == 404
