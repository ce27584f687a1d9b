"""The v1 videos API as it is written: reading its creates, writing its objects (azure-openai.md section B).

Where the contract leaves a gap: unknown fields are ignored; the keys of an error object are `code` and `message`.
"""

from typing import Any, cast

from local.azure_openai import errors, images, prompts
from local.azure_openai.config import Profile
from local.azure_openai.forms import Form
from local.azure_openai.models import SORA_2_PRO, Dialect, Model
from local.azure_openai.paging import Page
from local.azure_openai.state import Failure, Look, Order, Phase, Render, Retention, expires_at, finished_at

_STATUS = {
    Phase.QUEUED: "queued",
    Phase.PREPARING: "in_progress",
    Phase.RENDERING: "in_progress",
    Phase.FINISHING: "in_progress",
    Phase.SUCCEEDED: "completed",
    Phase.FAILED: "failed",
    Phase.EXPIRED: "expired",
}
_BLOCKED = ("moderation_blocked", "The video was blocked by our moderation system.")
_ERRORS = {
    Failure.INPUT_MODERATION: _BLOCKED,
    Failure.OUTPUT_MODERATION: _BLOCKED,
    Failure.UNSUPPORTED_SIZE: ("processing_error", "The video could not be made in this size."),
    Failure.INTERNAL: ("processing_error", "The service is under heavy load or had an error. Try again later."),
}
_MOST_URL_CHARACTERS = 20_971_520


def deployment(form: Form, profile: Profile) -> str:
    """Return the deployment a create is for. Raises 400 where none is named and the service has no default."""
    if profile.default_model and "model" not in form.fields:
        return profile.default_model
    return prompts.text(form, "model")


def order(form: Form, name: str, model: Model, profile: Profile) -> tuple[Order, bytes | None]:
    """Read a create: the order (without its opening picture) and that picture. Raises 400."""
    prompt = prompts.prompt(form)
    seconds = _choice(form, "seconds", profile.seconds, default="4")
    sizes = profile.sizes + (profile.pro_sizes if model is SORA_2_PRO else ())
    width, height = (int(side) for side in _choice(form, "size", sizes, default="720x1280").split("x"))
    picture = _reference(form)
    if picture is not None:
        _check_picture(picture, width, height)
    return Order(Dialect.VIDEOS, name, prompt, width, height, int(seconds)), picture


def video(render: Render, look: Look, retention: Retention, *, shows_prompt: bool) -> dict[str, Any]:
    """Write a video. Times that depend on its end are null until then (B.4)."""
    order, is_final = render.order, look.phase.is_final
    failure = _ERRORS.get(render.plan.failure) if look.phase is Phase.FAILED and render.plan.failure else None
    has_film = look.phase in (Phase.SUCCEEDED, Phase.EXPIRED) and not render.plan.failure
    return {
        "id": render.id,
        "object": "video",
        "model": order.deployment,
        "status": status(look.phase),
        "progress": look.progress,
        "created_at": int(render.created_at),
        "completed_at": _whole(finished_at(render)) if has_film else None,
        "expires_at": _whole(expires_at(render, retention)) if is_final else None,
        "prompt": order.prompt if shows_prompt else None,
        "size": order.size,
        "seconds": str(order.seconds),
        "remixed_from_video_id": order.remixed_from,
        "error": dict(zip(("code", "message"), failure, strict=True)) if failure else None,
    }


def listing(page: Page, videos: list[dict[str, Any]]) -> dict[str, Any]:
    """Write a list of videos."""
    edges = {"first_id": page.first_id, "last_id": page.last_id, "has_more": page.has_more}
    return {"object": "list", "data": videos, **edges}


def status(phase: Phase) -> str:
    """Return this dialect's word for a phase."""
    return _STATUS[phase]


def not_ready(render: Render, look: Look) -> errors.ApiError:
    """Content was asked of a video that has none (the body is undocumented: our choice)."""
    message = f"Video '{render.id}' has no content: its status is '{status(look.phase)}'."
    return errors.ApiError(400, message, errors.INVALID, code="video_not_ready")


def _choice(form: Form, name: str, allowed: tuple[str, ...], *, default: str) -> str:
    """A field that is one of a list of strings. A JSON number is not, however right it looks (B.3)."""
    value = form.fields.get(name, default)
    if value not in allowed:
        raise errors.not_one_of(name, value, allowed)
    return cast("str", value)


def _reference(form: Form) -> bytes | None:
    name = "input_reference"
    if files := form.files_of(name):
        return files[0].content
    given = form.fields.get(name)
    if given is None:
        return None
    if not isinstance(given, dict):
        raise errors.invalid(name, f"Invalid '{name}': expected a file, or an object with image_url or file_id.")
    source = cast("dict[str, Any]", given)
    if ("image_url" in source) == ("file_id" in source):
        raise errors.invalid(name, f"Invalid '{name}': give exactly one of image_url and file_id.")
    url = source.get("image_url")
    if not isinstance(url, str):
        raise errors.invalid(name, f"Invalid '{name}.file_id': there is no file {source.get('file_id')!r}.")
    if len(url) > _MOST_URL_CHARACTERS:
        raise errors.invalid(name, f"Invalid '{name}.image_url': longer than {_MOST_URL_CHARACTERS} characters.")
    try:
        return images.data_uri(url)
    except images.UnusableMediaError as error:
        raise errors.invalid(name, f"Invalid '{name}.image_url': {error}.") from error


def _check_picture(picture: bytes, width: int, height: int) -> None:
    try:
        found = images.picture_size(picture)
    except images.UnusableMediaError as error:
        raise errors.invalid("input_reference", f"Invalid 'input_reference': {error}.") from error
    if found != (width, height):
        wanted = f"Inpaint image must match the requested width and height: {width}x{height}"
        raise errors.ApiError(400, f"{wanted}, not {found[0]}x{found[1]}.", errors.INVALID)


def _whole(at: float | None) -> int | None:
    return None if at is None else int(at)
