"""The real `openai` SDK against a real emulator process and real films (azure-openai.md B.8)."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import av
import httpx
import openai
import pytest
from openai import AzureOpenAI, OpenAI
from PIL import Image

from local.azure_openai.config import WELL_KNOWN_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from openai.types import Video

    from tests.contract.azure_openai.conftest import Process

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def sdk(shared_process: Process) -> Iterator[OpenAI]:
    """The SDK's client the way it is used with Azure."""
    with OpenAI(base_url=f"{shared_process.url}/openai/v1/", api_key=WELL_KNOWN_KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def finished(shared_process: Process) -> Video:
    """One finished video for all tests that only read."""
    with OpenAI(base_url=f"{shared_process.url}/v1", api_key=WELL_KNOWN_KEY) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return client.videos.create_and_poll(model="sora-2", prompt="A fox in the snow", poll_interval_ms=100)


def test_create_and_poll_ends_completed(finished: Video) -> None:
    """The SDK's own loop sees a video through."""
    assert (finished.status, finished.progress, finished.error) == ("completed", 100, None)
    assert (finished.seconds, finished.size, finished.prompt) == ("4", "720x1280", "A fox in the snow")


def test_film_is_what_was_asked_for(sdk: OpenAI, finished: Video, tmp_path: Path) -> None:
    """The downloaded film is a playable MP4 of the size and length asked for, with sound."""
    path = tmp_path / "film.mp4"
    sdk.videos.download_content(finished.id).write_to_file(path)
    with av.open(path) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height, video.frames) == ("h264", 720, 1280, 120)
        assert audio.codec_context.name == "aac"
        assert film.duration == pytest.approx(4_000_000, abs=50_000)
        assert sum(1 for _ in film.decode(video=0)) == 120


@pytest.mark.parametrize(
    ("variant", "kind", "size"), [("thumbnail", "WEBP", (720, 1280)), ("spritesheet", "JPEG", (720, 960))]
)
def test_other_variants_are_pictures(sdk: OpenAI, finished: Video, variant: str, kind: str, size: Any) -> None:
    """Thumbnail and sprite sheet are real pictures of their kind."""
    with Image.open(io.BytesIO(sdk.videos.download_content(finished.id, variant=variant).read())) as picture:
        assert (picture.format, picture.size) == (kind, size)


def test_list_is_paged_by_the_sdk(sdk: OpenAI) -> None:
    """Iterating a list walks all its pages, each video once."""
    made = [sdk.videos.create(model="sora-2", prompt="[moderated:output] paged").id for _ in range(5)]
    found = [video.id for video in sdk.videos.list(limit=2)]
    assert found[:5] == made[::-1]
    assert len(found) == len(set(found))


def test_reference_is_uploaded_by_the_sdk(sdk: OpenAI) -> None:
    """A picture given as bare bytes arrives as `upload` of unknown type, and opens the film."""
    out = io.BytesIO()
    Image.new("RGB", (1280, 720), (200, 30, 40)).save(out, "PNG")
    fields = {"model": "sora-2", "prompt": "From a red picture", "size": "1280x720", "poll_interval_ms": 100}
    video = sdk.videos.create_and_poll(**fields, input_reference=io.BytesIO(out.getvalue()))
    with av.open(io.BytesIO(sdk.videos.download_content(video.id).read())) as film:
        red, green, _ = next(film.decode(video=0)).to_image().getpixel((640, 100))
    assert red > 150
    assert green < 80
    with pytest.raises(openai.BadRequestError, match="Inpaint image must match"):
        sdk.videos.create(model="sora-2", prompt="x", input_reference=io.BytesIO(out.getvalue()))


def test_remix_and_delete_by_the_sdk(sdk: OpenAI, finished: Video) -> None:
    """A remix is made from a finished video, and deleted when it has ended."""
    remix = sdk.videos.poll(sdk.videos.remix(finished.id, prompt="The fox again").id, poll_interval_ms=100)
    assert remix.remixed_from_video_id == finished.id
    assert sdk.videos.delete(remix.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.videos.retrieve(remix.id)


def test_errors_become_the_sdks_own(sdk: OpenAI) -> None:
    """The SDK reads type, param and code of a refusal, and knows each status."""
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.videos.create(model="sora-2", prompt="x", seconds="5")
    assert (refused.value.type, refused.value.param, refused.value.code) == (
        *("invalid_request_error", "seconds", "invalid_value"),
    )
    with pytest.raises(openai.NotFoundError) as lost:
        sdk.videos.create(model="sora-9", prompt="x")
    assert lost.value.type == "video_generation_user_error"
    with pytest.raises(openai.AuthenticationError):
        sdk.with_options(api_key="wrong").videos.list()


def test_failed_video_is_returned_with_its_error(sdk: OpenAI) -> None:
    """The SDK returns a failed video instead of raising."""
    fields = {"model": "sora-2", "prompt": "[moderated:output] x", "poll_interval_ms": 100}
    video = sdk.videos.create_and_poll(**fields)
    assert (video.status, video.error.code) == ("failed", "moderation_blocked")


def test_azure_client_of_the_sdk_calls_a_path_that_does_not_exist(shared_process: Process) -> None:
    """`AzureOpenAI` leaves out `/v1`, and gets the 404 it would get from the service."""
    with (
        AzureOpenAI(azure_endpoint=shared_process.url, api_key=WELL_KNOWN_KEY, api_version="preview") as client,
        pytest.raises(openai.NotFoundError),
    ):
        client.videos.create(model="sora-2", prompt="x")


def test_job_films_have_no_sound_and_a_jpeg(shared_process: Process) -> None:
    """Sora 1 films are silent; their thumbnail is a JPEG, and low quality is smaller."""
    base = f"{shared_process.url}/openai/v1/video/generations"
    query, headers = {"api-version": "preview"}, {"api-key": WELL_KNOWN_KEY}
    with httpx.Client(params=query, headers=headers, timeout=30) as client:
        body = {"model": "sora", "prompt": "Paper boats", "width": 854, "height": 480, "n_seconds": 2}
        job = client.post(f"{base}/jobs", json=body).json()
        shared_process.wait("the job", lambda: client.get(f"{base}/jobs/{job['id']}").json()["status"] == "succeeded")
        generation = client.get(f"{base}/jobs/{job['id']}").json()["generations"][0]["id"]
        high = client.get(f"{base}/{generation}/content/video").content
        low = client.get(f"{base}/{generation}/content/video", params=query | {"quality": "low"}).content
        thumbnail = client.get(f"{base}/{generation}/content/thumbnail").content
    with av.open(io.BytesIO(high)) as film:
        assert (film.streams.video[0].width, film.streams.video[0].frames) == (854, 60)
        assert not film.streams.audio
    assert len(low) < len(high) / 2
    with Image.open(io.BytesIO(thumbnail)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (854, 480))
