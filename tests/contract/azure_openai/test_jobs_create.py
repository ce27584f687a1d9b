"""Creating Sora 1 jobs: what is taken, what is refused and with which body (azure-openai.md A.3, A.5, H 6, 9, 10)."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from typing import Any

    import httpx

    from tests.conftest import MakeMp4
    from tests.contract.azure_openai.conftest import Resource

JOBS = "/openai/v1/video/generations/jobs?api-version=preview"
KEYS = [
    *("object", "id", "status", "created_at", "finished_at", "expires_at", "generations", "prompt", "model"),
    *("n_variants", "n_seconds", "height", "width", "inpaint_items", "failure_reason"),
]


def picture() -> bytes:
    """A plain picture."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 20, 60)).save(out, "PNG")
    return out.getvalue()


async def with_media(resource: Resource, items: Any, files: Any) -> httpx.Response:
    """Create a job with media, as multipart."""
    parts = {"model": "sora", "prompt": "a fox", "width": "480", "height": "480", "n_seconds": "5"}
    text = items if isinstance(items, str) else json.dumps(items)
    media = [("files", (name, content, "application/octet-stream")) for name, content in files]
    return await resource.client.post(JOBS, data=parts | {"inpaint_items": text}, files=media)


async def test_created_job_has_every_key_and_the_defaults(resource: Resource) -> None:
    """A new job is 200, queued, 5 s, one variant, with every key, null or empty where nothing is known yet."""
    reply = await resource.job()
    assert reply.status_code == 200
    job = reply.json()
    assert list(job) == KEYS
    assert job["id"].startswith("task_01")
    expected = {
        "object": "video.generation.job",
        "status": "queued",
        "created_at": int(resource.clock.now()),
        "generations": [],
        "model": "sora",
        "n_variants": 1,
        "n_seconds": 5,
        "width": 480,
        "height": 480,
    } | dict.fromkeys(("finished_at", "expires_at", "inpaint_items", "failure_reason"))
    assert job | expected == job


@pytest.mark.parametrize(
    "size",
    [
        (480, 480),
        (854, 480),
        (720, 720),
        (1280, 720),
        (1080, 1080),
        (1920, 1080),
        (480, 854),
        (720, 1280),
        (1080, 1920),
    ],
)
async def test_every_documented_size_is_taken(resource: Resource, size: Any) -> None:
    """Nine sizes, and no other."""
    assert (await resource.job(width=size[0], height=size[1])).status_code == 200
    assert (await resource.job(width=size[0] + 2, height=size[1])).status_code == 400


@pytest.mark.parametrize(
    ("short", "long", "most"),
    [(480, 854, 4), (480, 480, 4), (720, 1280, 2), (720, 720, 2), (1080, 1080, 1), (1080, 1920, 1)],
)
async def test_variants_depend_on_the_resolution(resource: Resource, short: int, long: int, most: int) -> None:
    """Up to four variants, two in 720p, one in 1080p."""
    assert (await resource.job(width=long, height=short, n_variants=most)).status_code == 200
    refused = await resource.job(width=long, height=short, n_variants=most + 1)
    assert (refused.status_code, refused.json()["param"]) == (400, "n_variants")


@pytest.mark.parametrize(("height", "most"), [(720, 20), (1080, 10)])
async def test_length_depends_on_the_resolution(resource: Resource, height: int, most: int) -> None:
    """1 to 20 s, in 1080p to 10 s."""
    width = height * 16 // 9
    assert (await resource.job(width=width, height=height, n_seconds=most)).status_code == 200
    refused = await resource.job(width=width, height=height, n_seconds=most + 1)
    assert (refused.status_code, refused.json()["param"]) == (400, "n_seconds")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"width": None}, "width"),
        ({"height": None}, "height"),
        ({"width": "480"}, "width"),
        ({"width": 480.5}, "width"),
        ({"n_seconds": 0}, "n_seconds"),
        ({"n_seconds": True}, "n_seconds"),
        ({"n_variants": 0}, "n_variants"),
        ({"n_variants": "two"}, "n_variants"),
        ({"inpaint_items": []}, "inpaint_items"),
    ],
)
async def test_bad_field_is_400_without_envelope(resource: Resource, fields: dict[str, Any], param: str) -> None:
    """The job API's own refusals have no envelope: `code`, `message`, `param`, `type` stand at the top."""
    reply = await resource.job(**fields)
    assert reply.status_code == 400
    assert list(reply.json()) == ["code", "message", "param", "type"]
    assert reply.json()["param"] == param


async def test_moderated_prompt_is_400_with_an_inner_error(resource: Resource) -> None:
    """Moderation at create names the policy in `inner_error`."""
    reply = await resource.job(prompt="[moderated]")
    assert reply.status_code == 400
    assert reply.json()["inner_error"]["code"] == "ResponsibleAIPolicyViolation"


async def test_unknown_or_other_deployment_is_refused_by_the_front_door(resource: Resource) -> None:
    """404 for no deployment and 400 for one of another model come in the usual envelope."""
    assert (await resource.job(model="sora-3")).json()["error"]["type"] == "video_generation_user_error"
    assert (await resource.job(model="sora-2")).json()["error"]["code"] == "OperationNotSupported"


async def test_multipart_carries_media_with_a_description(resource: Resource, make_mp4: MakeMp4) -> None:
    """`files` and the text part `inpaint_items` belong together by file name; two images or one video are taken."""
    crop = {"left_fraction": 0.1, "top_fraction": 0, "right_fraction": 1, "bottom_fraction": 0.9}
    first = {"frame_index": 0, "type": "image", "file_name": "a.png", "crop_bounds": crop}
    last = {"frame_index": 120, "type": "image", "file_name": "b.png"}
    reply = await with_media(resource, [first, last], [("a.png", picture()), ("b.png", picture())])
    assert reply.status_code == 200, reply.text
    assert reply.json()["inpaint_items"] == [first, last]
    assert resource.emulator.store.renders[reply.json()["id"]].order.opening
    clip = {"frame_index": 0, "type": "video", "file_name": "c.mp4"}
    assert (await with_media(resource, [clip], [("c.mp4", make_mp4(seconds=2))])).status_code == 200


async def test_multipart_needs_no_media(resource: Resource) -> None:
    """A job without media may come as multipart too."""
    parts = {"model": "sora", "prompt": "a fox", "width": "480", "height": "480"}
    reply = await resource.client.post(JOBS, files={name: (None, value) for name, value in parts.items()})
    assert (reply.status_code, reply.json()["inpaint_items"]) == (200, None)


ITEM = {"frame_index": 0, "type": "image", "file_name": "a.png"}


@pytest.mark.parametrize(
    ("items", "files", "param"),
    [
        ("not json", 1, "inpaint_items"),
        ("{}", 1, "inpaint_items"),
        ([], 1, "inpaint_items"),
        ([7], 1, "inpaint_items"),
        ([ITEM | {"file_name": "b.png"}], 1, "inpaint_items.file_name"),
        ([ITEM | {"type": "audio"}], 1, "inpaint_items.type"),
        ([ITEM | {"frame_index": -1}], 1, "inpaint_items.frame_index"),
        ([ITEM | {"crop_bounds": {"left_fraction": 1.5}}], 1, "inpaint_items.crop_bounds"),
        ([ITEM | {"crop_bounds": {"left_fraction": 0.5, "right_fraction": 0.5}}], 1, "inpaint_items.crop_bounds"),
        ([ITEM | {"crop_bounds": []}], 1, "inpaint_items.crop_bounds"),
        ([ITEM | {"type": "video"}], 1, "files"),
        ([ITEM, ITEM, ITEM], 1, "inpaint_items"),
    ],
)
async def test_bad_media_description_is_400(resource: Resource, items: Any, files: Any, param: str) -> None:
    """What is said of the media must be JSON, name a file, and make sense."""
    reply = await with_media(resource, items, [("a.png", picture())] * files)
    assert (reply.status_code, reply.json()["param"]) == (400, param), reply.text


async def test_bad_media_is_400(resource: Resource, make_mp4: MakeMp4) -> None:
    """Broken pictures, clips over 5 s, and a picture together with a clip are refused."""
    clip = ITEM | {"type": "video", "file_name": "c.mp4"}
    broken = await with_media(resource, [ITEM], [("a.png", b"broken")])
    long = await with_media(resource, [clip], [("c.mp4", make_mp4(seconds=6))])
    both = await with_media(resource, [ITEM, clip], [("a.png", picture()), ("c.mp4", make_mp4(seconds=1))])
    assert [reply.json()["param"] for reply in (broken, long, both)] == ["files", "files", "inpaint_items"]


async def test_media_without_a_description_are_400(resource: Resource) -> None:
    """`files` need `inpaint_items`."""
    parts = {"model": "sora", "prompt": "a fox", "width": "480", "height": "480"}
    reply = await resource.client.post(JOBS, data=parts, files=[("files", ("a.png", picture()))])
    assert (reply.status_code, reply.json()["param"]) == (400, "inpaint_items")
