"""The host's own endpoints: ping for whoever waits, status and functions for tools."""

import json
import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.functions_host.durable_binding import DurableLinks
from local.functions_host.http_triggers import given_key
from local.functions_host.invoker import Function
from local.functions_host.keys import Keys

VERSION = "4.1037.0.0"  # the host this one was measured against (functions-host-measured.md, 1)
_UNAUTHORIZED = {"www-authenticate": "Bearer"}


class AdminApi:
    """Answers requests below /admin."""

    def __init__(self, functions: Sequence[Function], keys: Keys | None, links: DurableLinks, prefix: str) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._keys = keys
        self._links = links
        self._prefix = prefix
        self._started = time.monotonic()

    def answer(self, request: Request, parts: Sequence[str]) -> Response:
        """Answer one request; ``parts`` is the path below /admin."""
        path = [part.lower() for part in parts]
        if path == ["host", "ping"]:
            return Response(headers={"cache-control": "no-store,no-cache", "pragma": "no-cache"})
        if self._keys is not None and not self._keys.opens_admin(given_key(request)):
            is_known = self._keys.is_function_key(given_key(request))
            return Response(status_code=403) if is_known else Response(status_code=401, headers=_UNAUTHORIZED)
        match (request.method, *path):
            case ("GET", "host", "status"):
                return JSONResponse(self._status())
            case ("GET", "functions"):
                return JSONResponse([self._describe(function) for function in self._functions.values()])
            case ("GET", "functions", name) if name in self._functions:
                return JSONResponse(self._describe(self._functions[name]))
            case _:
                return Response(status_code=404)

    def _status(self) -> dict[str, Any]:
        return {
            "id": self._links.hub_name.lower(),
            "state": "Running",
            "version": VERSION,
            "versionDetails": VERSION,
            "platformVersion": "",
            "instanceId": "",
            "computerName": "",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "Unknown",
        }

    def _describe(self, function: Function) -> dict[str, Any]:
        is_http = function.trigger_type == "httpTrigger"
        route = "/".join(part for part in (self._prefix, str(function.trigger.get("route", ""))) if part)
        return {
            "name": function.name,
            "href": f"{self._links.public_origin}/admin/functions/{function.name}",
            "invoke_url_template": f"{self._links.public_origin}/{route}" if is_http else None,
            "language": "python",
            "config": {
                "name": function.name,
                "entryPoint": function.name,
                "scriptFile": function.script_file,
                "language": "python",
                "bindings": json.loads(json.dumps(list(function.bindings), default=dict)),
            },
            "isDisabled": function.is_disabled,
        }
