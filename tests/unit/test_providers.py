"""Rules of reading what providers answer. What they do is proved against the emulator."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.models.problem import Code
from shared.providers.errors import create_end, no_answer
from shared.providers.port import Busy, Lost, Order, Refused
from shared.providers.sora_jobs import SoraJobs
from shared.providers.transport import Reply
from shared.providers.videos_v1 import VideosV1

_NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
_VIDEOS = VideosV1.__new__(VideosV1)  # reading needs no lane
_JOBS = SoraJobs.__new__(SoraJobs)


def _reply(status: int, body: Any = None, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, _NOW)


def _error(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": "words", "type": "t", "param": None, "code": None} | fields}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, _error(), Code.PROVIDER_REFUSED),
        (400, _error(code="moderation_blocked"), Code.MODERATED_INPUT),
        (400, _error(code="content_filter"), Code.MODERATED_INPUT),
        (
            400,
            {"code": "x", "message": "m", "inner_error": {"code": "ResponsibleAIPolicyViolation"}},
            Code.MODERATED_INPUT,
        ),
        (401, _error(code="401"), Code.PROVIDER_AUTH),
        (403, _error(code="Forbidden"), Code.PROVIDER_FORBIDDEN),
        (404, _error(type="video_generation_user_error"), Code.DEPLOYMENT_MISSING),
        (410, _error(), Code.PROVIDER_RETIRED),
        (413, _error(), Code.PROVIDER_REFUSED),
        (422, {"message": "unwrapped", "code": "x"}, Code.PROVIDER_REFUSED),
        (400, _error(message="Inpaint image must match the requested width and height"), Code.REFERENCE_REFUSED),
        (400, _error(param="input_reference"), Code.REFERENCE_REFUSED),
        (400, _error(param="input_reference", code="moderation_blocked"), Code.MODERATED_INPUT),
        (429, _error(code="insufficient_quota"), Code.QUOTA),
        (429, _error(type="billing_hard_limit_reached"), Code.QUOTA),
    ],
)
def test_a_refusal_is_final_and_typed(status: int, body: Any, code: Code) -> None:
    """A refusal with an error body, wrapped or bare, buys nothing and says which input or setting was at fault."""
    end = create_end(_reply(status, body))
    assert isinstance(end, Refused)
    assert end.code == code


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 415, 422])
@pytest.mark.parametrize("body", [b"<html>gateway</html>", b"", {"hello": "world"}, []])
def test_a_refusal_without_an_error_body_proves_nothing(status: int, body: Any) -> None:
    """A page of some gateway in between does not say that the order was not taken."""
    assert isinstance(create_end(_reply(status, body)), Lost)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 302, 418])
def test_everything_else_may_have_been_taken(status: int) -> None:
    """Other answers leave it open whether there is a render; a 5xx is noted."""
    end = create_end(_reply(status, _error()))
    assert isinstance(end, Lost)
    assert end.server_error == (status if status >= 500 else None)


def test_an_upload_that_timed_out_is_not_refused() -> None:
    """The one 400 that is transient, of a slow reference upload, is not taken for a refusal."""
    assert isinstance(create_end(_reply(400, _error(message="Upload timed out."))), Lost)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after_ms": "1500"}, 1.5),
        ({"retry_after": "Sun, 22 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"retry_after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, 30.0),
        ({}, 30.0),
    ],
)
def test_busy_waits_as_told(headers: dict[str, str], wait_s: float) -> None:
    """A 429 is not now: it waits as long as the provider asks, in any of the forms it may ask in."""
    assert create_end(_reply(429, _error(message="Too many running tasks"), **headers)) == Busy(
        wait_s, "Too many running tasks"
    )


def test_only_401_and_403_call_for_an_operator() -> None:
    """A look that is denied needs somebody; one that fails otherwise does not."""
    assert [no_answer(_reply(status, _error())).attention for status in (401, 403, 429, 500)] == [
        Code.PROVIDER_AUTH,
        Code.PROVIDER_FORBIDDEN,
        None,
        None,
    ]


def test_their_clock_is_read_from_the_reply() -> None:
    """The provider's clock less ours comes from its Date header; without one the clocks are taken as equal."""
    assert _reply(200, {}, date="Sun, 22 Nov 2026 12:00:05 GMT").clock_offset == timedelta(seconds=5)
    assert _reply(200, {}).clock_offset == timedelta()


def test_seconds_are_text_on_the_videos_wire() -> None:
    """The videos API refuses an integer for `seconds`; the jobs API wants one."""
    order = Order("a fox", "1280x720", 8, 2)
    assert _VIDEOS.order_body("d", order) == {"model": "d", "prompt": "a fox", "size": "1280x720", "seconds": "8"}
    assert _JOBS.order_body("d", order) == {
        "model": "d",
        "prompt": "a fox",
        "width": 1280,
        "height": 720,
        "n_seconds": 8,
        "n_variants": 2,
    }


def test_a_reply_with_the_id_alone_is_read() -> None:
    """Real replies leave out keys at will."""
    render = _VIDEOS.read({"id": "video_1"})
    assert (render.id, render.state, render.prompt, render.progress) == ("video_1", "unknown", None, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "failed", "error": {"code": "moderation_blocked", "message": "m"}}, Code.MODERATED_OUTPUT),
        ({"status": "failed", "error": {"code": "processing_error", "message": "m"}}, Code.PROVIDER_ERROR),
        ({"status": "failed", "error": None}, Code.PROVIDER_ERROR),
        ({"status": "expired"}, Code.PROVIDER_ERROR),
    ],
)
def test_a_failed_video_says_why(body: dict[str, Any], code: Code) -> None:
    """A render's end without a film has a typed reason, also when the provider gives none."""
    failure = _VIDEOS.read({"id": "v"} | body).failure
    assert failure is not None
    assert failure.code == code
    assert failure.detail


def test_a_failed_sora_job_says_why() -> None:
    """The jobs API names its reason in a word of its own."""
    failures = [
        _JOBS.read({"id": "t", "status": "failed", "failure_reason": reason}).failure
        for reason in ("input_moderation", "output_moderation", "internal_error", None)
    ]
    assert [failure and failure.code for failure in failures] == [
        Code.MODERATED_INPUT,
        Code.MODERATED_OUTPUT,
        Code.PROVIDER_ERROR,
        Code.PROVIDER_ERROR,
    ]


def test_fewer_generations_than_ordered_are_taken() -> None:
    """A Sora 1 job may make fewer variants; what is there is what there is to store."""
    body = {"id": "t", "status": "succeeded", "generations": [{"id": "gen_a"}, {"id": "gen_b"}]}
    assert _JOBS.read(body).sources == ("gen_a", "gen_b")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = ["status", "prompt", "size", "seconds", "created_at", "progress", "completed_at", "expires_at", "error"]


@given(st.dictionaries(st.sampled_from(keys), json_values))
@example({"created_at": 1e300, "progress": "²", "seconds": "9" * 5000})
def test_no_reply_breaks_the_reading(body: dict[str, Any]) -> None:
    """Whatever a server puts into a video object, reading it ends in a Render."""
    assert _VIDEOS.read({"id": "v"} | body).id == "v"


@given(st.sampled_from([200, 400, 404, 429, 500]), st.binary(max_size=64) | json_values)
def test_no_body_breaks_the_reading_of_an_end(status: int, body: Any) -> None:
    """Whatever a create is answered with, it has an end."""
    assert isinstance(create_end(_reply(status, body)), Refused | Busy | Lost)
