"""The host's own endpoints: ping for whoever waits; status, functions, their runs and the keys for tools
(functions-host-measured.md, 10).
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from local.functions_host.durable_binding import DurableLinks
from local.functions_host.http_triggers import given_key
from local.functions_host.invoker import Function
from local.functions_host.json_text import compact
from local.functions_host.keys import Keys
from local.functions_host.routes import parse_template
from local.functions_host.tool_runs import RUNNABLE, ToolRuns

VERSION = "4.1037.0"  # the host this one was measured against (functions-host-measured.md, 1)
_UNAUTHORIZED = {"www-authenticate": "Bearer"}
_NOT_CACHED = {"cache-control": "no-store,no-cache", "pragma": "no-cache"}
_RESERVED_ROUTE = "The specified route conflicts with one or more built in routes."


class AdminApi:
    """Answers requests below /admin."""

    def __init__(
        self,
        functions: Sequence[Function],
        runs: ToolRuns,
        keys: Keys | None,
        links: DurableLinks,
        *,
        folder: Path,
        prefix: str,
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._runs = runs
        self._keys = keys
        self._links = links
        self._folder = folder
        self._prefix = prefix
        self._started = time.monotonic()

    async def answer(self, request: Request, parts: Sequence[str]) -> Response:
        """Answer one request; ``parts`` is the path below /admin."""
        match [part.lower() for part in parts]:
            case ["host", "ping"]:
                return Response(headers=_NOT_CACHED)
            case ["warmup"]:
                return Response()
            case path:
                return self._refused(request) or await self._for_tools(request, path)

    def _refused(self, request: Request) -> Response | None:
        if self._keys is None or self._keys.opens_admin(given_key(request)):
            return None
        is_known = self._keys.is_function_key(given_key(request))
        return Response(status_code=403) if is_known else Response(status_code=401, headers=_UNAUTHORIZED)

    async def _for_tools(self, request: Request, path: list[str]) -> Response:
        match (request.method, *path):
            case ("GET", "host", "status"):
                return _json(self._status())
            case ("GET", "host", "keys" | "functionkeys" as place) if self._keys is not None:
                return _json(self._keys_of(f"host/{place}", "default", self._keys.function))
            case ("GET", "host", "systemkeys" as place) if self._keys is not None:
                own = self._keys.durabletask_extension
                return _json(self._keys_of(f"host/{place}", "durabletask_extension", own))
            case ("GET", "host", "extensions" as place):
                return _json({"extensions": [], "links": self._links_to(f"host/{place}")})
            case ("POST", "host", "synctriggers"):
                return _json({"status": "Invalid environment for SyncTriggers operation."}, 500)
            case ("GET", "functions"):
                return _json([self._describe(function) for function in self._functions.values()])
            case (method, "functions", name, *rest) if name in self._functions:
                return await self._of_function(request, self._functions[name], (method, *rest))
            case _:
                return Response(status_code=404)

    async def _of_function(self, request: Request, function: Function, wanted: tuple[str, ...]) -> Response:
        match wanted:
            case ("GET",):
                return _json(self._describe(function))
            case ("GET", "status"):
                return _json({"errors": [_RESERVED_ROUTE]} if _is_reserved(function) else {})
            case ("GET", "keys") if self._keys is not None:
                place = f"functions/{function.name}/keys"
                return _json(self._keys_of(place, "default", self._keys.of_function(function.name)))
            case ("POST",):
                return await self._run(request, function)
            case _:
                return Response(status_code=404)

    async def _run(self, request: Request, function: Function) -> Response:
        try:
            given: object = json.loads(await request.body())
        except ValueError:
            return Response(status_code=415)
        if not isinstance(given, dict) or not function.is_callable or function.trigger_type not in RUNNABLE:
            return _json({"Message": f"{function.name} ({function.trigger_type}) cannot be run by hand here."}, 400)
        text = cast("dict[str, Any]", given).get("input")
        self._runs.start(function, text if isinstance(text, str) else compact(text), str(request.url))
        return Response(status_code=202)

    def _keys_of(self, place: str, name: str, value: str) -> dict[str, Any]:
        return {"keys": [{"name": name, "value": value}], "links": self._links_to(place)}

    def _links_to(self, place: str) -> list[dict[str, str]]:
        return [{"rel": "self", "href": f"{self._links.public_origin}/admin/{place}"}]

    def _status(self) -> dict[str, Any]:
        return {
            "id": self._links.hub_name.lower(),
            "state": "Running",
            "version": f"{VERSION}.0",
            "versionDetails": VERSION,
            "platformVersion": "",
            "instanceId": "",
            "computerName": "",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "Unknown",
        }

    def _describe(self, function: Function) -> dict[str, Any]:
        origin = self._links.public_origin
        is_http = function.trigger_type == "httpTrigger"
        route = "/".join(part for part in (self._prefix, str(function.trigger.get("route", ""))) if part)
        return {
            "name": function.name,
            "script_root_path_href": None,
            "script_href": f"{origin}/admin/vfs{self._folder}/{function.script_file}",
            "config_href": None,
            "test_data_href": None,
            "href": f"{origin}/admin/functions/{function.name}",
            "invoke_url_template": f"{origin}/{route}" if is_http else None,
            "language": "python",
            "config": {
                "name": function.name,
                "entryPoint": function.name,
                "scriptFile": function.script_file,
                "language": "python",
                "functionDirectory": str(self._folder),
                "bindings": json.loads(json.dumps(list(function.bindings), default=dict)),
            },
            "files": None,
            "test_data": "",
            "isDisabled": function.is_disabled,
            "isDirect": False,
            "isProxy": False,
        }


def _is_reserved(function: Function) -> bool:
    return parse_template(str(function.trigger.get("route") or function.name)).is_reserved


def _json(value: Any, status: int = 200) -> Response:
    return Response(compact(value), status, media_type="application/json; charset=utf-8")
