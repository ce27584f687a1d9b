"""The `/videos` dialect: Sora 2, gateways and self-hosted servers (azure-openai contract, section B)."""

from collections.abc import Mapping
from typing import Any, cast

from shared.models.problem import Code
from shared.providers.dialect import Dialect, unix_time, whole_number
from shared.providers.errors import is_moderation, text_of
from shared.providers.port import Order, Refused, Render, RenderState

_STATES: dict[str, RenderState] = {
    "queued": "waiting",
    "in_progress": "rendering",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
    "expired": "failed",
}


class VideosV1(Dialect):
    """One video per render, always with sound; its content is keyed by the render's own id."""

    collection = "videos"

    def order_body(self, deployment: str, order: Order) -> Mapping[str, Any]:
        """`seconds` is a string on this wire; an integer is refused."""
        return {"model": deployment, "prompt": order.prompt, "size": order.size, "seconds": str(order.seconds)}

    def read(self, body: Mapping[str, Any], hint_s: float | None = None) -> Render:
        """Real replies leave out keys at will: only the id is taken for granted."""
        provider_state = str(body.get("status"))
        state = _STATES.get(provider_state, "unknown")
        render_id = str(body["id"])
        prompt = body.get("prompt")
        return Render(
            id=render_id,
            state=state,
            provider_state=provider_state,
            prompt=prompt if isinstance(prompt, str) else None,
            size=str(body["size"]) if body.get("size") else None,
            seconds=whole_number(body.get("seconds")),
            created_at=unix_time(body.get("created_at")),
            progress=whole_number(body.get("progress"), most=100),
            sources=(render_id,) if state in {"succeeded", "unknown"} else (),
            completed_at=unix_time(body.get("completed_at")),
            expires_at=unix_time(body.get("expires_at")),
            failure=_failure(provider_state, body.get("error")) if state == "failed" else None,
            hint_s=hint_s,
        )

    def content_path(self, source: str) -> tuple[str, Mapping[str, str]]:
        """Name the video itself; other variants are drawn by us."""
        return f"videos/{source}/content", {"variant": "video"}


def _failure(provider_state: str, error: Any) -> Refused:
    if isinstance(error, dict):
        known = cast("dict[str, Any]", error)
        code = Code.MODERATED_OUTPUT if is_moderation(known) else Code.PROVIDER_ERROR
        return Refused(code, text_of(known))
    return Refused(Code.PROVIDER_ERROR, f"the render ended as {provider_state}, and the provider gave no reason")
