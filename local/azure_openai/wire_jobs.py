"""The Sora 1 jobs API as it is written: reading its creates, writing its objects (azure-openai.md section A).

Where the contract leaves a gap: unknown fields are ignored, and so is `frame_index` beyond being a frame of the film.
"""

from typing import Any, cast

from local.azure_openai import errors, images, prompts
from local.azure_openai.forms import Form, Upload, parsed
from local.azure_openai.models import Dialect
from local.azure_openai.paging import Page
from local.azure_openai.state import Failure, Look, Order, Phase, Render, Retention, expires_at, finished_at

_STATUS = {
    Phase.QUEUED: "queued",
    Phase.PREPARING: "preprocessing",
    Phase.RENDERING: "running",
    Phase.FINISHING: "processing",
    Phase.SUCCEEDED: "succeeded",
    Phase.FAILED: "failed",
    Phase.EXPIRED: "expired",
}
STATUSES = ("preprocessing", "queued", "running", "processing", "cancelled", "succeeded", "failed")
_FAILURE_REASONS = {
    Failure.INPUT_MODERATION: "input_moderation",
    Failure.OUTPUT_MODERATION: "output_moderation",
    Failure.UNSUPPORTED_SIZE: "internal_error",
    Failure.INTERNAL: "internal_error",
}
_LANDSCAPES = ((480, 480), (854, 480), (720, 720), (1280, 720), (1080, 1080), (1920, 1080))
_SIZES = {size for pair in _LANDSCAPES for size in (pair, pair[::-1])}
_MOST_VARIANTS = {1080: 1, 720: 2, 480: 4}
"""By the short side (A.3)."""
_MOST_SECONDS, _MOST_SECONDS_1080 = 20, 10
_MOST_IMAGES, _MOST_CLIPS, _MOST_CLIP_S = 2, 1, 5.0
_BOUNDS = ("left_fraction", "top_fraction", "right_fraction", "bottom_fraction")
_ITEMS = "inpaint_items"


def order(form: Form, name: str) -> tuple[Order, bytes | None]:
    """Read a create: the order (without its opening picture) and that picture. Raises 400."""
    prompt = prompts.prompt(form)
    width, height = (_number(form, side, at_least=1, at_most=4096) for side in ("width", "height"))
    if (width, height) not in _SIZES:
        listed = ", ".join(f"{w}x{h}" for w, h in sorted(_SIZES))
        raise errors.invalid("width", f"Invalid resolution {width}x{height}. Supported are: {listed}.")
    short = min(width, height)
    most_s = _MOST_SECONDS_1080 if short == 1080 else _MOST_SECONDS  # noqa: PLR2004 -- the name of a resolution
    seconds = _number(form, "n_seconds", at_least=1, at_most=most_s, default=5)
    variants = _number(form, "n_variants", at_least=1, at_most=_MOST_VARIANTS[short], default=1)
    items, opening = _inpaint(form)
    return Order(Dialect.JOBS, name, prompt, width, height, seconds, variants=variants, inpaint_items=items), opening


def job(render: Render, look: Look, retention: Retention) -> dict[str, Any]:
    """Write a job. Times that depend on its end are null until then."""
    order, is_final = render.order, look.phase.is_final
    is_failed = render.plan.failure is not None and look.phase is Phase.FAILED
    has_films = look.phase is Phase.SUCCEEDED
    return {
        "object": "video.generation.job",
        "id": render.id,
        "status": status(look.phase),
        "created_at": int(render.created_at),
        "finished_at": _whole(finished_at(render)) if is_final else None,
        "expires_at": _whole(expires_at(render, retention)) if is_final else None,
        "generations": [generation(render, take) for take in range(len(render.generation_ids))] if has_films else [],
        "prompt": order.prompt,
        "model": order.deployment,
        "n_variants": order.variants,
        "n_seconds": order.seconds,
        "height": order.height,
        "width": order.width,
        "inpaint_items": list(order.inpaint_items) if order.inpaint_items else None,
        "failure_reason": _FAILURE_REASONS.get(render.plan.failure) if is_failed and render.plan.failure else None,
    }


def generation(render: Render, take: int) -> dict[str, Any]:
    """Write one of the films of a finished job."""
    order = render.order
    return {
        "object": "video.generation",
        "id": render.generation_ids[take],
        "job_id": render.id,
        "created_at": _whole(finished_at(render)),
        "width": order.width,
        "height": order.height,
        "n_seconds": order.seconds,
        "prompt": order.prompt,
    }


def listing(page: Page, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Write a list of jobs."""
    edges = {"has_more": page.has_more, "first_id": page.first_id, "last_id": page.last_id}
    return {"object": "list", "data": jobs, **edges}


def status(phase: Phase) -> str:
    """Return this dialect's word for a phase."""
    return _STATUS[phase]


def _number(form: Form, name: str, *, at_least: int, at_most: int, default: int | None = None) -> int:
    value = form.fields.get(name, default)
    if value is None:
        raise errors.missing(name)
    if form.is_json and isinstance(value, str):
        raise errors.invalid(name, f"Invalid type for '{name}': expected an integer.", "invalid_type")
    return prompts.whole_number(name, value, at_least=at_least, at_most=at_most)


def _inpaint(form: Form) -> tuple[tuple[dict[str, Any], ...] | None, bytes | None]:
    """Read the media of a create: what is said of them, and the picture the film begins with."""
    files = {upload.name: upload for upload in form.files_of("files")}
    text = form.fields.get(_ITEMS)
    if text is None:
        if files:
            raise errors.missing(_ITEMS)
        return None, None
    if form.is_json:
        raise errors.invalid(_ITEMS, "inpaint_items needs its media: send multipart/form-data with `files`.")
    items = _items(text)
    checked = [_check_item(item, files) for item in items]
    _check_counts([kind for kind, _ in checked])
    first = next((media for item, media in zip(items, checked, strict=True) if not item.get("frame_index")), None)
    return tuple(items), first[1].content if first and first[0] == "image" else None


def _items(text: object) -> list[dict[str, Any]]:
    try:
        items = parsed(str(text))
    except ValueError as error:
        raise errors.invalid(_ITEMS, f"inpaint_items is not JSON: {error}") from error
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in cast("list[Any]", items)):
        raise errors.invalid(_ITEMS, "inpaint_items is not an array of objects.")
    return cast("list[dict[str, Any]]", items)


def _check_item(item: dict[str, Any], files: dict[str, Upload]) -> tuple[str, Upload]:
    kind, name = item.get("type"), item.get("file_name")
    if kind not in ("image", "video"):
        raise errors.not_one_of(f"{_ITEMS}.type", kind, ("image", "video"))
    if not isinstance(name, str) or name not in files:
        raise errors.invalid(f"{_ITEMS}.file_name", f"No part of `files` has the file name {name!r}.")
    prompts.whole_number(f"{_ITEMS}.frame_index", item.get("frame_index", 0), at_least=0, at_most=10_000)
    _check_crop(item.get("crop_bounds"))
    try:
        if kind == "image":
            images.picture_size(files[name].content)
        elif (found_s := images.clip_seconds(files[name].content)) > _MOST_CLIP_S:
            message = f"The video {name!r} is {found_s:.1f} s long; at most {_MOST_CLIP_S:g} s are allowed."
            raise errors.invalid("files", message)
    except images.UnusableMediaError as error:
        raise errors.invalid("files", f"The file {name!r} is {error}.") from error
    return str(kind), files[name]


def _check_crop(given: object) -> None:
    if given is None:
        return
    param = f"{_ITEMS}.crop_bounds"
    if not isinstance(given, dict):
        raise errors.invalid(param, "crop_bounds is not an object.")
    bounds = dict(zip(_BOUNDS, (0, 0, 1, 1), strict=True)) | cast("dict[str, Any]", given)
    sides = [bounds[name] for name in _BOUNDS]
    if not all(isinstance(side, int | float) and 0 <= side <= 1 for side in sides):
        raise errors.invalid(param, f"Each of {', '.join(_BOUNDS)} is a number from 0 to 1.")
    left, top, right, bottom = sides
    if left >= right or top >= bottom:
        raise errors.invalid(param, "crop_bounds leaves nothing of the picture.")


def _check_counts(kinds: list[str]) -> None:
    pictures, clips = kinds.count("image"), kinds.count("video")
    if pictures > _MOST_IMAGES or clips > _MOST_CLIPS or (pictures and clips):
        raise errors.invalid(_ITEMS, "At most two images, or one video, can be given.")


def _whole(at: float | None) -> int | None:
    return None if at is None else int(at)
