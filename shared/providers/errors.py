"""Reading a provider's error answers: both forms of body, and what each status means for an order."""

from typing import Any, cast

from shared import telemetry
from shared.models.problem import Code
from shared.providers.port import Busy, CreateEnd, Lost, NoAnswer, Refused
from shared.providers.transport import Reply

_BUSY_WAIT_S = 30.0
_REFUSALS = {400, 401, 403, 404, 410, 413, 415, 422}
_MODERATION = {"content_filter", "contentfilter", "moderation_blocked", "responsibleaipolicyviolation"}
_TRANSIENT_TEXTS = ("timed out",)  # 400 "upload timed out" of a slow reference upload: azure-openai contract, B.5
_BY_STATUS = {
    401: Code.PROVIDER_AUTH,
    403: Code.PROVIDER_FORBIDDEN,
    404: Code.DEPLOYMENT_MISSING,
    410: Code.PROVIDER_RETIRED,
}
_NEEDS_A_PERSON = {401, 403}
_QUOTA = {"insufficient_quota", "billing_hard_limit_reached"}
_REFERENCE = ("input_reference", "inpaint image")  # the field, and Azure's words for a picture of another size
_HTTP_BUSY, _HTTP_SERVER_ERROR = 429, 500


def error_of(reply: Reply) -> dict[str, Any] | None:
    """Return the error object of an answer, wrapped in `error` or bare; None when there is none."""
    body = reply.json
    if body is None:
        return None
    inner = body.get("error", body)
    if isinstance(inner, dict) and ("message" in inner or "code" in inner):
        return cast("dict[str, Any]", inner)
    return None


def is_moderation(error: dict[str, Any]) -> bool:
    """Tell whether an error object says that content was refused."""
    nested: Any = error.get("inner_error") or error.get("innererror") or {}
    inner = cast("dict[str, Any]", nested) if isinstance(nested, dict) else {}
    return any(str(code).lower() in _MODERATION for code in (error.get("code"), inner.get("code")) if code)


def text_of(error: dict[str, Any]) -> str:
    """Return the provider's own words, without what looks like a secret, cut to a length a person reads."""
    return telemetry.redacted(str(error.get("message") or error.get("code")))[:500]


def create_end(reply: Reply) -> CreateEnd:
    """Say what an answer to a create that is not a success means for the order."""
    error = error_of(reply)
    if (
        reply.status == _HTTP_BUSY
        and error is not None
        and not _QUOTA.isdisjoint((error.get("code"), error.get("type")))
    ):
        return Refused(Code.QUOTA, text_of(error))
    if reply.status == _HTTP_BUSY:
        return Busy(reply.wait_s if reply.wait_s is not None else _BUSY_WAIT_S, text_of(error or {"code": "429"}))
    if reply.status in _REFUSALS and error is not None and not _is_transient(error):
        return Refused(_refusal(reply.status, error), text_of(error))
    detail = f"HTTP {reply.status}" + (f": {text_of(error)}" if error else "")
    return Lost(detail, reply.status if reply.status >= _HTTP_SERVER_ERROR else None)


def no_answer(reply: Reply) -> NoAnswer:
    """Say what an answer to a question that is not a success tells: never anything about the render."""
    error = error_of(reply)
    detail = f"HTTP {reply.status}" + (f": {text_of(error)}" if error else "")
    attention = _BY_STATUS[reply.status] if reply.status in _NEEDS_A_PERSON else None
    return NoAnswer(detail, reply.wait_s, attention)


def _refusal(status: int, error: dict[str, Any]) -> Code:
    if is_moderation(error):
        return Code.MODERATED_INPUT
    if any(word in f"{error.get('param')} {error.get('message')}".lower() for word in _REFERENCE):
        return Code.REFERENCE_REFUSED
    return _BY_STATUS.get(status, Code.PROVIDER_REFUSED)


def _is_transient(error: dict[str, Any]) -> bool:
    return any(text in text_of(error).lower() for text in _TRANSIENT_TEXTS)
