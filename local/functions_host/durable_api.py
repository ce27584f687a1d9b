"""The durable extension's HTTP interface, as the SDK calls it on loopback and as the public webhooks offer it.

Status codes as measured (section 5).
"""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from local.functions_host import status_view
from local.functions_host.client import (
    AlreadyExistsError,
    GoneError,
    NotFoundError,
    OrchestrationClient,
    WrongStateError,
)
from local.functions_host.durable_binding import CONNECTION, DurableLinks
from local.functions_host.history import NO_TRACE, Trace
from local.functions_host.instants import parse
from local.functions_host.json_text import compact
from local.functions_host.queries import Filter

_PAGE = 100
_STATUSES = frozenset(
    {"Pending", "Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Suspended"}
)
_WENT_WRONG = "Something went wrong while processing your request"
# The exceptions that the real host names where it fails like this.
_BROKEN_JSON = "Newtonsoft.Json.JsonReaderException"
_INVALID_OPERATION = "System.InvalidOperationException"
_BAD_ARGUMENT = "System.ArgumentException"
_ALREADY_EXISTS = "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException"


class DurableApi:
    """Answers requests below the webhook path and below the loopback path alike."""

    def __init__(self, client: OrchestrationClient, links: DurableLinks, *, has_tracing: bool) -> None:
        self._client = client
        self._links = links
        self._has_tracing = has_tracing

    async def answer(self, request: Request, raw_path: str, *, origin: str) -> Response:
        """Answer one request; ``raw_path`` is what follows the base path."""
        parts = [unquote(part) for part in raw_path.strip("/").split("/")]
        parts[0] = parts[0].lower()
        elsewhere = self._elsewhere(request, raw_path, is_list=parts == ["instances"])
        if elsewhere is not None:
            return elsewhere
        match (request.method, *parts):
            case ("POST", "orchestrators", name, *rest) if len(rest) <= 1:
                return await self._start(request, name, rest[0] if rest else None, origin)
            case ("GET", "instances"):
                return self._list(request)
            case ("DELETE", "instances"):
                return self._purge_all(request)
            case ("GET", "instances", instance_id):
                return self._status(request, instance_id)
            case ("DELETE", "instances", instance_id):
                return self._purge(instance_id)
            case ("POST", "instances", instance_id, operation, event) if operation.lower() == "raiseevent":
                return await self._raise(request, instance_id, event)
            case ("POST", "instances", instance_id, operation):
                return self._operate(request, instance_id, operation.lower(), origin)
            case _:
                return Response(status_code=404)

    def _elsewhere(self, request: Request, raw_path: str, *, is_list: bool) -> Response | None:
        """The answer to what is meant for another hub or connection, or for no instance that can exist."""
        if "%2f" in raw_path.lower():
            return Response(status_code=404)  # an id with a slash is found by no route, also escaped (measured, 3)
        connection = request.query_params.get("connection", CONNECTION)
        if connection.lower() != CONNECTION.lower():
            text = f"Unable to resolve the Azure Storage connection named '{connection}'."
            return _error(500, _WENT_WRONG, _INVALID_OPERATION, text)
        if request.query_params.get("taskHub", self._links.hub_name).lower() != self._links.hub_name.lower():
            return _json([]) if is_list else Response(status_code=404)
        return None

    # ---- starting

    async def _start(self, request: Request, name: str, instance_id: str | None, origin: str) -> Response:
        body = await request.body()
        try:
            value = json.loads(body) if body else None
        except ValueError as error:
            return _error(400, "Invalid JSON content", _BROKEN_JSON, str(error))
        try:
            started = self._client.start(
                name,
                instance_id,
                None if value is None else compact(value),
                version=request.query_params.get("version"),
                trace=self._trace(request),
            )
        except AlreadyExistsError as error:
            return _json({"Message": str(error)}, 409)
        wait_s = _number(request.query_params.get("timeout"))
        if wait_s is not None:
            ended = await self._ended(started, wait_s, _number(request.query_params.get("pollingInterval")) or 1.0)
            if ended is not None:
                return ended
        return self._accepted(started, origin)

    def _trace(self, request: Request) -> Trace:
        headers = request.headers
        return Trace(headers.get("traceparent", ""), headers.get("tracestate", "")) if self._has_tracing else NO_TRACE

    async def _ended(self, instance_id: str, wait_s: float, interval_s: float) -> Response | None:
        deadline = asyncio.get_running_loop().time() + wait_s
        while asyncio.get_running_loop().time() < deadline:
            row = self._client.get(instance_id)
            if row.is_final:
                status = status_view.status_of(row)
                return (
                    _json(status["output"])
                    if row.status == "Completed"
                    else _json(status, 500 if row.status == "Failed" else 200)
                )
            await asyncio.sleep(min(interval_s, wait_s))
        return None

    def _accepted(self, instance_id: str, origin: str) -> Response:
        links = self._links.management(origin, instance_id, with_rewind=False)
        return _json(links, 202, {"location": links["statusQueryGetUri"], "retry-after": "10"})

    # ---- looking

    def _status(self, request: Request, instance_id: str) -> Response:
        try:
            row = self._client.get(instance_id)
        except NotFoundError:
            return Response(status_code=404)
        query = request.query_params
        status = status_view.status_of(
            row,
            self._client.history(instance_id) if _flag(query.get("showHistory")) else None,
            with_input=_flag(query.get("showInput"), default=True),
            with_results=_flag(query.get("showHistoryOutput")),
        )
        if row.status == "Failed" and _flag(query.get("returnInternalServerErrorOnFailure")):
            return _json(status, 500)
        if row.is_final:
            return _json(status)
        return _json(status, 202, {"location": str(request.url), "retry-after": "5"})

    def _list(self, request: Request) -> Response:
        query = request.query_params
        top = _number(query.get("top"))
        top_count = _PAGE if top is None else int(top)
        try:
            given = request.headers.get("x-ms-continuation-token")
            token = base64.b64decode(given, validate=True).decode() if given else None
        except (binascii.Error, UnicodeDecodeError):
            return _json([])
        rows, following = self._client.find(_filter(request), top=top_count, token=token)
        show_input = _flag(query.get("showInput"), default=True)
        headers = (
            {} if following is None else {"x-ms-continuation-token": base64.b64encode(following.encode()).decode()}
        )
        return _json([status_view.status_of(row, with_input=show_input) for row in rows], headers=headers)

    # ---- changing

    async def _raise(self, request: Request, instance_id: str, event: str) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _json({"Message": "Only application/json request content is supported"}, 400)
        try:
            value = json.loads(await request.body())
        except ValueError as error:
            return _error(400, "Invalid JSON content", _BROKEN_JSON, str(error))
        return _changed(lambda: self._client.raise_event(instance_id, event, compact(value)))

    def _operate(self, request: Request, instance_id: str, operation: str, origin: str) -> Response:
        reason = request.query_params.get("reason") or None
        match operation:
            case "terminate":
                return _changed(lambda: self._client.terminate(instance_id, reason))
            case "suspend":
                return _changed(lambda: self._client.suspend(instance_id, reason))
            case "resume":
                return _changed(lambda: self._client.resume(instance_id, reason))
            case "restart":
                return self._restart(request, instance_id, origin)
            case "rewind":
                return self._rewind(instance_id, reason)
            case _:
                return Response(status_code=404)

    def _restart(self, request: Request, instance_id: str, origin: str) -> Response:
        with_new_id = _flag(request.query_params.get("restartWithNewInstanceId"), default=True)
        try:
            started = self._client.restart(instance_id, with_new_id=with_new_id)
        except NotFoundError:
            text = f"No instance with ID '{instance_id}' was found. (Parameter 'instanceId')"
            return _error(400, "InstanceId does not match a valid orchestration instance.", _BAD_ARGUMENT, text)
        except AlreadyExistsError as error:
            message = "A non-terminal instance with this instance ID already exists."
            return _error(409, message, _ALREADY_EXISTS, str(error))
        return self._accepted(started, origin)

    def _rewind(self, instance_id: str, reason: str | None) -> Response:
        try:
            self._client.rewind(instance_id, reason)
        except NotFoundError:
            return _json(f'No orchestration with instance ID "${instance_id}" found.', 404)
        except WrongStateError as error:
            return _json(error.text, 412)
        return Response(status_code=202)

    def _purge(self, instance_id: str) -> Response:
        try:
            self._client.purge(instance_id)
        except NotFoundError:
            return Response(status_code=404)
        except WrongStateError as error:
            return _json(error.text, 412)
        return _json({"instancesDeleted": 1})

    def _purge_all(self, request: Request) -> Response:
        wanted = _filter(request)
        if wanted.created_from_us is None:
            return _json("Please provide value for 'createdTimeFrom' parameter.", 400)
        count = self._client.purge_all(wanted)
        return _json({"instancesDeleted": count}) if count else Response(status_code=404)


def _changed(change: Callable[[], None]) -> Response:
    try:
        change()
    except NotFoundError:
        return Response(status_code=404)
    except GoneError:
        return Response(status_code=410)
    except WrongStateError as error:
        return _error(500, _WENT_WRONG, _INVALID_OPERATION, error.text)
    return Response(status_code=202)


def _filter(request: Request) -> Filter:
    """Filters of a query; one that cannot be read is ignored, as on the real host."""
    query = request.query_params
    statuses = {text.strip() for text in query.get("runtimeStatus", "").split(",")} & _STATUSES
    return Filter(
        prefix=query.get("instanceIdPrefix", ""),
        statuses=frozenset(statuses),
        created_from_us=_time(query.get("createdTimeFrom")),
        created_to_us=_time(query.get("createdTimeTo")),
    )


def _time(text: str | None) -> int | None:
    try:
        return parse(text.replace(" ", "+")) if text else None
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d+(\.\d+)?", text) else None


def _flag(text: str | None, *, default: bool = False) -> bool:
    return default if text is None else text.lower() == "true"


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content_type = {"content-type": "application/json; charset=utf-8"}
    return Response(compact(value), status, {**content_type, **(headers or {})})


def _error(status: int, message: str, exception_type: str, text: str) -> Response:
    return _json(
        {"Message": message, "ExceptionMessage": text, "ExceptionType": exception_type, "StackTrace": ""}, status
    )
