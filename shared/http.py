"""Requests in, answers out: bodies, owners, paging parameters, problem documents. No route and no row is known here."""

import functools
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

import azure.functions as func
from azure.core.exceptions import AzureError
from pydantic import BaseModel, ValidationError

from shared.config import NotConfiguredError, configuration
from shared.ids import owner_key
from shared.models.problem import CATALOGUE, TYPE_BASE, Code, FieldError, Problem

P = ParamSpec("P")
B = TypeVar("B", bound=BaseModel)

MAX_JSON_BYTES = 256 * 1024
_RETRY_AFTER = {Code.STORAGE_UNAVAILABLE: "5", Code.QUEUE_FULL: "30", Code.NOT_READY: "5"}
_log = logging.getLogger("lab.http")


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, code: Code, detail: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors = code, detail, errors or []


def answers(function: Callable[P, Awaitable[func.HttpResponse]]) -> Callable[P, Awaitable[func.HttpResponse]]:
    """Make every exception of an HTTP function a problem document: the host's own 500 has an empty body."""

    @functools.wraps(function)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> func.HttpResponse:
        request: Any = kwargs.get("req") or args[0]
        try:
            return await function(*args, **kwargs)
        except ProblemError as error:
            return problem(request, error.code, error.detail, errors=error.errors)
        except NotConfiguredError as error:
            return problem(request, Code.NOT_CONFIGURED, str(error))
        except AzureError as error:
            _log.warning("the storage does not answer: %s", error)
            return problem(request, Code.STORAGE_UNAVAILABLE, "the storage did not answer; nothing is known to be lost")
        except Exception:  # noqa: BLE001 - this is the place where nothing unplanned gets past
            correlation_id = uuid.uuid4().hex
            _log.exception("correlation id %s", correlation_id)
            return problem(request, Code.INTERNAL, "an unplanned error; it is logged", correlation_id=correlation_id)

    return answered


def problem(
    request: func.HttpRequest,
    code: Code,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    correlation_id: str | None = None,
) -> func.HttpResponse:
    """Write an RFC 9457 problem document."""
    entry = CATALOGUE[code]
    document = Problem(
        type=f"{TYPE_BASE}{code}",
        title=entry.title,
        status=entry.status,
        detail=detail,
        code=code,
        instance=urlsplit(request.url).path,
        advice=entry.advice,
        errors=errors or [],
        correlation_id=correlation_id,
    )
    headers = {"Retry-After": _RETRY_AFTER[code]} if code in _RETRY_AFTER else {}
    return func.HttpResponse(
        document.model_dump_json(exclude_none=True),
        status_code=entry.status,
        headers=headers,
        mimetype="application/problem+json",
    )


def reply(
    body: BaseModel | Mapping[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """Write a JSON answer; nothing of ours may be cached on the way."""
    text = body.model_dump_json() if isinstance(body, BaseModel) else json.dumps(body, ensure_ascii=False)
    return func.HttpResponse(
        text, status_code=status, headers={"Cache-Control": "no-store"} | (headers or {}), mimetype="application/json"
    )


def body_of(request: func.HttpRequest, kind: type[B]) -> B:
    """Read a JSON body as a model; 413, 415, 400 and 422 problems say what is wrong with it."""
    if (header(request, "content-type") or "").split(";")[0].strip().lower() != "application/json":
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE, "this takes application/json")
    raw = request.get_body()
    if len(raw) > MAX_JSON_BYTES:
        raise ProblemError(Code.BODY_TOO_LARGE, f"the body has {len(raw)} bytes, at most {MAX_JSON_BYTES} are taken")
    try:
        parsed: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProblemError(Code.MALFORMED_JSON, f"the body is not JSON: {error}") from error
    return valid(kind, parsed)


def valid(kind: type[B], values: Any) -> B:
    """Read what was asked for as a model; a 422 problem says what is wrong with it."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", field_errors(error)) from error


def field_errors(error: ValidationError) -> list[FieldError]:
    """Turn pydantic's list into JSON pointers with a sentence each."""
    return [
        FieldError(
            pointer="".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in item["loc"]),
            detail=item["msg"].removeprefix("Value error, "),
        )
        for item in error.errors(include_url=False, include_input=False)
    ]


def header(request: func.HttpRequest, name: str) -> str | None:
    """Return a header of the request; None when it was not sent."""
    return cast("Mapping[str, str]", request.headers).get(name)


def owner_of(request: func.HttpRequest) -> str:
    """Name the owner's partition, by the mode the settings choose."""
    settings = configuration().settings
    faults = [fault.message for fault in configuration().faults if fault.setting == "OWNER_MODE"]
    if faults:
        raise NotConfiguredError(f"OWNER_MODE: {faults[0]}")
    name: str | None = "local"
    if settings.owner_mode == "entra":
        name = header(request, "x-ms-client-principal-id")
    elif settings.owner_mode == "key" and settings.owner_header:
        name = header(request, settings.owner_header)
    if not name:
        raise ProblemError(Code.OWNER_REQUIRED, "the request does not say whose it is")
    return owner_key(name)


def limit_of(request: func.HttpRequest, *, default: int, most: int) -> int:
    """Read the page size; a 422 problem names what is allowed."""
    text = request.params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise ProblemError(
            Code.VALIDATION_FAILED,
            "the request has invalid values",
            [FieldError(pointer="limit", detail=f"{text[:32]!r} is not a whole number from 1 to {most}")],
        )
    return int(text)


def base_of(request: func.HttpRequest) -> str:
    """Return the API's own address as the caller used it, up to its prefix."""
    parts = urlsplit(request.url)
    prefix = parts.path.split("/videos/")[0] if "/videos/" in parts.path else parts.path
    return f"{parts.scheme}://{parts.netloc}{prefix}"
