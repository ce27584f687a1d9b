"""Creating videos: what is taken, what is refused and with which body (azure-openai.md B.3, B.5, H 6-8, 10)."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from typing import Any

    from tests.contract.azure_openai.conftest import MakeResource, Resource

VIDEOS = "/openai/v1/videos"
KEYS = [
    *("id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at", "prompt"),
    *("size", "seconds", "remixed_from_video_id", "error"),
]


def picture(width: int = 720, height: int = 1280, kind: str = "PNG") -> bytes:
    """A plain picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 20, 60)).save(out, kind)
    return out.getvalue()


def data_uri(content: bytes) -> str:
    """The picture as a data URI."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


async def test_created_video_has_every_key_and_the_defaults(resource: Resource) -> None:
    """A new video is queued, 4 s and portrait, with every key, null where nothing is known yet."""
    video = (await resource.video()).json()
    assert list(video) == KEYS
    assert video["id"].startswith("video_")
    assert len(video["id"]) == len("video_") + 32
    expected = {
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": int(resource.clock.now()),
        "completed_at": None,
        "expires_at": None,
        "prompt": "a fox",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
    }
    assert video | expected == video


async def test_multipart_without_a_file_is_taken(resource: Resource) -> None:
    """The SDK since 2.27 sends multipart also where there is no file."""
    parts = {"model": "sora-2", "prompt": "a fox", "seconds": "8", "size": "1280x720"}
    reply = await resource.client.post(VIDEOS, files={name: (None, value) for name, value in parts.items()})
    assert reply.status_code == 200
    assert (reply.json()["seconds"], reply.json()["size"]) == ("8", "1280x720")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"prompt": None}, "prompt", "missing_required_parameter"),
        ({"prompt": ""}, "prompt", "empty_string"),
        ({"prompt": "x" * 32_001}, "prompt", "string_above_max_length"),
        ({"prompt": 7}, "prompt", "invalid_type"),
        ({"prompt": ["a fox"]}, "prompt", "invalid_type"),
        ({"model": 7}, "model", "invalid_type"),
        ({"seconds": "5"}, "seconds", "invalid_value"),
        ({"seconds": 8}, "seconds", "invalid_value"),
        ({"seconds": "16"}, "seconds", "invalid_value"),
        ({"seconds": ["8"]}, "seconds", "invalid_value"),
        ({"size": "1920x1080"}, "size", "invalid_value"),
        ({"size": "1280X720"}, "size", "invalid_value"),
        ({"input_reference": "a.png"}, "input_reference", "invalid_value"),
        ({"input_reference": {}}, "input_reference", "invalid_value"),
        ({"input_reference": {"file_id": "f", "image_url": "u"}}, "input_reference", "invalid_value"),
        ({"input_reference": {"file_id": "f"}}, "input_reference", "invalid_value"),
        ({"input_reference": {"image_url": "https://example.com/a.png"}}, "input_reference", "invalid_value"),
        ({"input_reference": {"image_url": "data:image/png;base64,?"}}, "input_reference", "invalid_value"),
        ({"input_reference": {"image_url": "data:image/png;base64,AAAA"}}, "input_reference", "invalid_value"),
    ],
)
async def test_bad_field_is_400_and_named(resource: Resource, fields: dict[str, Any], param: str, code: str) -> None:
    """A field that is missing or not allowed is 400 in the usual envelope, with `param` and `code`."""
    reply = await resource.video(**fields)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert resource.emulator.store.renders == {}


async def test_refused_enum_lists_what_is_allowed(resource: Resource) -> None:
    """The message of a refused `seconds` gives the allowed values."""
    message = (await resource.video(seconds="5")).json()["error"]["message"]
    assert all(f"'{allowed}'" in message for allowed in ("4", "8", "12"))


async def test_longest_prompt_is_taken(resource: Resource) -> None:
    """A prompt of 32,000 characters is allowed, whatever their bytes."""
    assert (await resource.video(prompt="ä" * 32_000)).status_code == 200


async def test_empty_body_misses_its_model_first(resource: Resource) -> None:
    """`{}` is refused for the missing `model`, as seen on Azure."""
    reply = await resource.client.post(VIDEOS, json={})
    assert reply.json()["error"]["param"] == "model"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"model": "sora-2", "prompt": "\\ud800"}', b"[" * 100_000]
)
async def test_unreadable_json_is_400(resource: Resource, body: Any) -> None:
    """A body that is no JSON object, too deep, or holds half a character is 400."""
    reply = await resource.client.post(VIDEOS, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"a fox", 415),
        ("application/x-www-form-urlencoded", b"prompt=a", 415),
        ("multipart/form-data", b"prompt=a", 400),
        ("multipart/form-data; boundary=x", b"--y\r\nnothing", 400),
    ],
)
async def test_other_content_is_refused_readably(resource: Resource, content_type: str, body: Any, status: Any) -> None:
    """Another content type is 415, a broken multipart body 400, both in the usual envelope."""
    reply = await resource.client.post(VIDEOS, content=body, headers={"content-type": content_type})
    assert reply.status_code == status
    assert "error" in reply.json()


async def test_unknown_deployment_is_404(resource: Resource) -> None:
    """`model` names a deployment; one that is not there is a user error with advice, param and code null."""
    reply = await resource.video(model="sora-3")
    assert reply.status_code == 404
    error = reply.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("video_generation_user_error", None, None)
    assert "5 minutes" in error["message"]


async def test_deployment_is_found_by_its_own_name_and_kept_to_its_routes(make_resource: MakeResource) -> None:
    """A deployment may have any name; one of Sora 1 is not for `/videos`."""
    resource = await make_resource(deployments={"films": "sora-2", "old": "sora"})
    assert (await resource.video(model="films")).json()["model"] == "films"
    assert (await resource.video(model="sora-2")).status_code == 404
    assert (await resource.video(model="old")).json()["error"]["code"] == "OperationNotSupported"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_reference_of_the_exact_size_is_taken_whatever_it_calls_itself(resource: Resource, kind: str) -> None:
    """A reference picture is told by its bytes; `application/octet-stream` named `upload` will do."""
    files = {"input_reference": ("upload", picture(kind=kind), "application/octet-stream")}
    reply = await resource.client.post(VIDEOS, data={"model": "sora-2", "prompt": "a fox"}, files=files)
    assert reply.status_code == 200, reply.text
    assert resource.emulator.store.renders[reply.json()["id"]].order.opening


async def test_reference_of_another_size_is_400(resource: Resource) -> None:
    """A reference must have exactly the pixels of `size`; the refusal has neither param nor code."""
    files = {"input_reference": ("a.png", picture(1280, 720))}
    reply = await resource.client.post(VIDEOS, data={"model": "sora-2", "prompt": "a fox"}, files=files)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert "Inpaint image must match" in error["message"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)


@pytest.mark.parametrize("content", [b"", b"not a picture", picture(kind="GIF"), picture()[:200]])
async def test_reference_that_is_no_picture_is_400(resource: Resource, content: bytes) -> None:
    """Only whole png, jpeg and webp pictures are taken."""
    files = {"input_reference": ("a.png", content)}
    reply = await resource.client.post(VIDEOS, data={"model": "sora-2", "prompt": "a fox"}, files=files)
    assert reply.json()["error"]["param"] == "input_reference"


async def test_reference_comes_as_data_uri_too(resource: Resource) -> None:
    """`image_url` holds a data URI: in JSON, or as the multipart part `input_reference[image_url]`."""
    uri = data_uri(picture())
    assert (await resource.video(input_reference={"image_url": uri})).status_code == 200
    parts = {"model": "sora-2", "prompt": "a fox", "input_reference[image_url]": uri}
    reply = await resource.client.post(VIDEOS, files={name: (None, value) for name, value in parts.items()})
    assert reply.status_code == 200
    assert resource.emulator.store.renders[reply.json()["id"]].order.opening


async def test_reference_comes_from_one_place_only(resource: Resource) -> None:
    """A good `image_url` does not excuse a `file_id` beside it."""
    reply = await resource.video(input_reference={"image_url": data_uri(picture()), "file_id": "file_1"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "input_reference")


async def test_reference_with_people_is_refused_where_the_prompt_says_so(resource: Resource) -> None:
    """The tag `[people]` plays the refusal of a reference that shows people."""
    reference = {"image_url": data_uri(picture())}
    refused = await resource.video(prompt="[people] a crowd", input_reference=reference)
    assert refused.json()["error"]["code"] == "moderation_blocked"
    assert (await resource.video(prompt="[people] a crowd")).status_code == 200


async def test_moderated_prompt_is_400(resource: Resource) -> None:
    """A moderated prompt is refused at once, with a code of its own."""
    reply = await resource.video(prompt="something [moderated]")
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "moderation_blocked"
