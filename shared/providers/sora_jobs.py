"""The Sora 1 jobs dialect of Azure OpenAI, preview (azure-openai contract, section A): several variants per job."""

from collections.abc import Mapping
from typing import Any, cast

from shared.models.problem import Code
from shared.providers.dialect import Dialect, unix_time, whole_number
from shared.providers.port import Order, Refused, Render, RenderState

_STATES: dict[str, RenderState] = {
    "queued": "waiting",
    "preprocessing": "waiting",
    "running": "rendering",
    "processing": "rendering",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
}
_FAILURES = {"input_moderation": Code.MODERATED_INPUT, "output_moderation": Code.MODERATED_OUTPUT}


class SoraJobs(Dialect):
    """A job makes up to `n_variants` generations, maybe fewer; content is keyed by generation."""

    collection = "video/generations/jobs"
    query: Mapping[str, str] = {"api-version": "preview"}

    def order_body(self, deployment: str, order: Order) -> Mapping[str, Any]:
        """Width, height and seconds are integers on this wire."""
        width, height = order.size.split("x")
        return {
            "model": deployment,
            "prompt": order.prompt,
            "width": int(width),
            "height": int(height),
            "n_seconds": order.seconds,
            "n_variants": order.variants,
        }

    def read(self, body: Mapping[str, Any], hint_s: float | None = None) -> Render:
        """No progress is ever said here."""
        provider_state = str(body.get("status"))
        state = _STATES.get(provider_state, "unknown")
        prompt = body.get("prompt")
        return Render(
            id=str(body["id"]),
            state=state,
            provider_state=provider_state,
            prompt=prompt if isinstance(prompt, str) else None,
            size=f"{body['width']}x{body['height']}" if body.get("width") and body.get("height") else None,
            seconds=whole_number(body.get("n_seconds")),
            created_at=unix_time(body.get("created_at")),
            variants=whole_number(body.get("n_variants")),
            sources=_sources(body.get("generations")) if state in {"succeeded", "unknown"} else (),
            completed_at=unix_time(body.get("finished_at")),
            expires_at=unix_time(body.get("expires_at")),
            failure=_failure(provider_state, body.get("failure_reason")) if state == "failed" else None,
            hint_s=hint_s,
        )

    def content_path(self, source: str) -> tuple[str, Mapping[str, str]]:
        """Name the video of one generation in full quality."""
        return f"video/generations/{source}/content/video", {"quality": "high"}


def _sources(generations: Any) -> tuple[str, ...]:
    found = cast("list[dict[str, Any]]", generations) if isinstance(generations, list) else []
    return tuple(str(one["id"]) for one in found if one.get("id"))


def _failure(provider_state: str, reason: Any) -> Refused:
    code = _FAILURES.get(str(reason), Code.PROVIDER_ERROR)
    return Refused(code, f"the job ended as {provider_state}: {reason or 'no reason given'}")
