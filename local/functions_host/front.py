"""The two doors of the host: the public one, and the loopback one for the SDK.

Knows paths and who may pass; answers nothing itself.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.functions_host.admin_api import AdminApi
from local.functions_host.durable_api import DurableApi
from local.functions_host.durable_binding import RPC_PATH, WEBHOOK_PATH
from local.functions_host.http_triggers import HttpTriggers, given_key, origin_of
from local.functions_host.inspector.inspector import PAGE_PATH, Inspector
from local.functions_host.keys import Keys

_ADMIN_PATH = "/admin"


class Front:
    """Hands each request to whom it is for."""

    def __init__(
        self,
        *,
        durable: DurableApi,
        admin: AdminApi,
        inspector: Inspector,
        triggers: HttpTriggers,
        keys: Keys | None,
        rpc_origin: str,
    ) -> None:
        self._durable = durable
        self._admin = admin
        self._inspector = inspector
        self._triggers = triggers
        self._keys = keys
        self._rpc_origin = rpc_origin

    async def serve_public(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of the public server."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            response = await self._answer(request, _raw_path(scope))
            await response(scope, receive, send)

    async def serve_loopback(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of the loopback server; it asks for no key."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            below = _below(_raw_path(scope), RPC_PATH)
            if below is None:
                response = Response(status_code=404)
            else:
                response = await self._durable.answer(request, below, origin=self._rpc_origin)
            await response(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Response:
        durable = _below(path, WEBHOOK_PATH)
        if durable is not None:
            refused = self._refused(request)
            return refused or await self._durable.answer(request, durable, origin=origin_of(request))
        admin = _below(path, _ADMIN_PATH)
        if admin is not None:
            return await self._admin.answer(request, admin.strip("/").split("/"))
        page = _below(path, PAGE_PATH)
        if page is not None:
            return await self._inspector.answer(request, page)
        if path == "/":
            return Response("This Azure Functions stand-in is running.\n", media_type="text/plain")
        return await self._triggers.answer(request, path)

    def _refused(self, request: Request) -> Response | None:
        key = given_key(request)
        if self._keys is None or self._keys.opens_durable(key):
            return None
        if self._keys.is_function_key(key):
            return Response(status_code=403)
        return Response(status_code=401, headers={"www-authenticate": "Bearer"})


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _below(path: str, base: str) -> str | None:
    lowered = path.lower()
    if lowered == base or lowered.startswith(f"{base}/"):
        return path[len(base) :]
    return None
