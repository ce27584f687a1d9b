"""The emulator as a web application: routes, the front door's checks, and what every answer carries.

It knows URLs and headers; what they mean is elsewhere.
"""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.azure_openai import auth
from local.azure_openai.clock import Clock
from local.azure_openai.config import Quirk, Settings
from local.azure_openai.emulator import Emulator
from local.azure_openai.errors import INVALID, ApiError, GatewayError, no_such_route
from local.azure_openai.routes_admin import AdminRoutes
from local.azure_openai.routes_jobs import JobRoutes
from local.azure_openai.routes_videos import VideoRoutes
from local.azure_openai.striking import Striking

_API, _API_ALIAS, _LEGACY_API = "/openai/v1", "/v1", "/openai"
_JOBS = f"{_API}/video/generations"


def application(emulator: Emulator) -> ASGIApp:
    """Return the web application of an emulator. It closes the emulator's store and studio when it shuts down.

    It is plain ASGI, so whatever tampers with requests and replies can be wrapped around it.
    """
    settings = emulator.settings
    routes = AdminRoutes(emulator).routes()
    prefixes = [_API, _API_ALIAS, *([_LEGACY_API] if settings.has(Quirk.LEGACY_PATH) else [])]
    for prefix in prefixes:
        routes += VideoRoutes(emulator).under(prefix)
    if settings.profile.has_jobs_api:
        routes += JobRoutes(emulator).under(_API)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        emulator.films.close()
        emulator.store.close()

    app = Starlette(
        routes=[_exact(route) for route in routes],
        lifespan=lifespan,
        middleware=[Middleware(_FrontDoor, emulator=emulator)],
        exception_handlers={ApiError: _answer_error, HTTPException: _answer_http_error, Exception: _answer_failure},
    )
    app.router.redirect_slashes = False
    return _Stamp(Striking(app, emulator), emulator.clock)


def _exact(route: Route) -> Route:
    """Take away the HEAD that comes with every GET: the service has it for one route only (azure-openai.md A.2)."""
    if route.methods and "GET" in route.methods:
        route.methods = {"GET"}
    return route


@dataclass
class _Stamp:
    """Puts the date, by the emulator's clock, and a request id on every answer."""

    app: ASGIApp
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["date"] = formatdate(self.clock.now(), usegmt=True)
                headers["apim-request-id"] = str(uuid.uuid4())
            await send(message)

        await self.app(scope, receive, stamped)


@dataclass
class _FrontDoor:
    """Lets nobody to the API without a key or token, known route or not."""

    app: ASGIApp
    emulator: Emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith((f"{_API_ALIAS}/", f"{_LEGACY_API}/")):
            settings: Settings = self.emulator.settings
            try:
                auth.check(Headers(scope=scope), settings, self.emulator.clock.now())
            except ApiError as refused:
                await _response(refused, is_unwrapped=False)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def _answer_error(request: Request, error: Exception) -> Response:
    """Write an error; the job API's own refusals have a form of their own (azure-openai.md A.5)."""
    if not isinstance(error, ApiError):
        raise error
    is_own = error.status == 400 and not isinstance(error, GatewayError)  # noqa: PLR2004 -- HTTP's number
    return _response(error, is_unwrapped=is_own and request.url.path.startswith(_JOBS))


async def _answer_http_error(_: Request, error: Exception) -> Response:
    """Write what the framework refused; a wrong method is no route either, as seen on the service (B.1)."""
    if not isinstance(error, HTTPException):
        raise error
    is_lost = error.status_code in (404, 405)
    written = no_such_route() if is_lost else ApiError(error.status_code, error.detail, INVALID)
    return _response(written, is_unwrapped=False)


async def _answer_failure(_: Request, __: Exception) -> Response:
    """Write that something went wrong which nobody planned; the server's log has it."""
    error = ApiError(500, "The server had an error while processing your request.", "server_error")
    return _response(error, is_unwrapped=False)


def _response(error: ApiError, *, is_unwrapped: bool) -> Response:
    body = error.unwrapped() if is_unwrapped else error.wrapped()
    return JSONResponse(body, status_code=error.status, headers=error.headers)
