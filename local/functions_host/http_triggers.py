"""Serves the app's HTTP functions: routing, keys, request and answer as the real host gives them (functions-host-
measured.md, 10).
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from local.functions_host.invoker import Extras, Function, HttpCall, HttpReply, InvocationError, Invoker
from local.functions_host.keys import Keys
from local.functions_host.routes import RouteError, Template, parse_template

BODY_LIMIT_BYTES = 104_857_600
FRONT_END_LIMIT_S = 230.0  # App Service's front end gives up on an answer after that (functions-host.md, 4.3)

_log = logging.getLogger("host.http")


class TooLargeError(Exception):
    """The body is over the limit."""


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One HTTP function and where it is reached. ``methods`` is empty for all verbs."""

    function: Function
    template: Template
    methods: frozenset[str]
    level: str

    def match(self, method: str, raw_path: str) -> dict[str, str] | None:
        """Route parameters; None also for a verb that is not listed, because the verb is a route constraint."""
        if self.methods and method not in self.methods:
            return None
        return self.template.match(raw_path)


def routes_of(functions: Iterable[Function]) -> list[HttpRoute]:
    """Routes in the order in which the host tries them: by function name, alphabetically."""
    routes: list[HttpRoute] = []
    for function in sorted(functions, key=lambda function: function.name.lower()):
        if function.trigger_type != "httpTrigger":
            continue
        try:
            template = parse_template(str(function.trigger.get("route") or function.name))
        except RouteError as error:
            raise RouteError(f"Function '{function.name}' cannot be routed: {error}.") from error
        methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
        level = str(function.trigger.get("authLevel") or "function").lower()
        routes.append(HttpRoute(function, template, methods, level))
        if template.is_reserved:
            _log.error("%s: the specified route conflicts with one or more built in routes", function.name)
    return [route for route in routes if not route.template.is_reserved]


class HttpTriggers:
    """The HTTP front of the app."""

    def __init__(
        self, routes: Sequence[HttpRoute], invoker: Invoker, *, prefix: str, keys: Keys | None, durable_client: str
    ) -> None:
        self._routes = routes
        self._invoker = invoker
        self._prefix = f"/{prefix}/" if prefix else "/"
        self._keys = keys
        self._durable_client = durable_client

    async def answer(self, request: Request, raw_path: str) -> Response:
        """Answer one request; 404 when no function's route takes it."""
        found = self._find(request.method, raw_path)
        if found is None:
            return Response(status_code=404)
        route, parameters = found
        if not self._is_allowed(route, request):
            return Response(status_code=401)
        try:
            body = await read_body(request)
        except TooLargeError:
            _log.error("%s: the body is over %d bytes", route.function.name, BODY_LIMIT_BYTES)
            return Response(status_code=500, headers={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        return await self._call(route.function, _call_of(request, raw_path, parameters, body), request)

    def _find(self, method: str, raw_path: str) -> tuple[HttpRoute, dict[str, str]] | None:
        if not raw_path.lower().startswith(self._prefix.lower()):
            return None
        below = raw_path[len(self._prefix) :]
        for route in self._routes:
            parameters = route.match(method, below)
            if parameters is not None:
                return (route, parameters) if route.function.is_callable else None
        return None

    def _is_allowed(self, route: HttpRoute, request: Request) -> bool:
        if self._keys is None or route.level == "anonymous":
            return True
        key = given_key(request)
        if route.level == "admin":
            return self._keys.opens_admin(key)
        return self._keys.opens_function(key, route.function.name)

    async def _call(self, function: Function, call: HttpCall, request: Request) -> Response:
        extras = Extras(
            durable_client=self._durable_client,
            trace_parent=request.headers.get("traceparent", ""),
            trace_state=request.headers.get("tracestate", ""),
        )
        began_s = time.monotonic()
        try:
            reply = await self._invoker.http(function.name, call, extras)
        except InvocationError as error:
            _log.error("%s: %s %s failed", function.name, call.method, call.url, exc_info=error.__cause__ or error)
            return Response(status_code=500)
        finally:
            took_s = time.monotonic() - began_s
            if took_s > FRONT_END_LIMIT_S:
                _log.warning(
                    "%s: took %.0f s; on Azure the client was told of an error after %.0f s, whatever host.json says",
                    *(function.name, took_s, FRONT_END_LIMIT_S),
                )
        return _response(reply)


def given_key(request: Request) -> str:
    """The key of a request: the header wins over the query."""
    return request.headers.get("x-functions-key") or request.query_params.get("code") or ""


async def read_body(request: Request) -> bytes:
    """The body; raises TooLargeError as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > BODY_LIMIT_BYTES:
        raise TooLargeError
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def origin_of(request: Request) -> str:
    """Scheme and host as the client named them."""
    host = request.headers.get("host") or f"{request.url.hostname}:{request.url.port}"
    return f"{request.url.scheme}://{host}"


def _call_of(request: Request, raw_path: str, parameters: Mapping[str, str], body: bytes) -> HttpCall:
    query = request.url.query
    return HttpCall(
        method=request.method,
        url=f"{origin_of(request)}{raw_path}{'?' if query else ''}{query}",
        headers=dict(request.headers),
        query=_joined(query),
        route_params=parameters,
        body=body,
    )


def _joined(query: str) -> dict[str, str]:
    """Repeated parameters are joined by a comma, empty ones dropped."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query):
        values.setdefault(name, []).append(value)
    return {name: ",".join(given) for name, given in values.items()}


def _response(reply: HttpReply) -> Response:
    response = Response(reply.body, reply.status)
    # The real host sends every body chunked, unless the function sets its length.
    del response.headers["content-length"]
    seen: set[str] = set()
    for name, value in reply.headers:
        if name == "set-cookie":
            response.headers.append(name, value)
        elif name not in seen:  # duplicates of other headers are dropped (functions-host.md, 4.3)
            seen.add(name)
            response.headers[name] = value
    return response
