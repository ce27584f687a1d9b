"""Serves the page at ``/_host`` and what it asks for. Decides who may; leaves every change to the client side of the
engine.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from local.functions_host import history as ev
from local.functions_host.client import (
    AlreadyExistsError,
    GoneError,
    NotFoundError,
    OrchestrationClient,
    WrongStateError,
)
from local.functions_host.inspector import guard, listing, timeline
from local.functions_host.instants import now_us, parse
from local.functions_host.json_text import compact
from local.functions_host.store import Store

PAGE_PATH = "/_host"
HISTORY_EVENTS = 1_000
_FILES = files("local.functions_host.inspector") / "page"
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _BadRequestError(Exception):
    """What was asked for cannot be read; the text says what and what is allowed."""


class Inspector:
    """Answers requests below ``/_host``."""

    def __init__(self, store: Store, client: OrchestrationClient, about: Mapping[str, Any]) -> None:
        """``about`` is what the page shows of the host: ``app``, ``hub`` and ``functions``."""
        self._store = store
        self._client = client
        self._about = about
        self._run = secrets.token_hex(4)

    async def answer(self, request: Request, raw_path: str) -> Response:
        """Answer one request; ``raw_path`` is the path below ``/_host``."""
        refused = guard.refusal(request.method, request.headers, request.client and request.client.host)
        if refused:
            return _json({"error": refused}, 403)
        match (request.method, *(unquote(part) for part in raw_path.strip("/").split("/"))):
            case ("GET", "api", "about"):
                return _json({**self._about, "now_us": now_us()})
            case ("GET", "api", "instances"):
                return _told(lambda: self._list(request))
            case ("GET", "api", "instances", instance_id):
                return _told(lambda: self._instance(request, instance_id))
            case ("POST", "api", "instances", instance_id, operation):
                given = await request.body()
                return _told(lambda: self._change(instance_id, operation, given))
            case ("GET", name):
                return _file(name or "index.html")
            case _:
                return _json({"error": "There is nothing here."}, 404)

    # ---- looking

    def _list(self, request: Request) -> Response:
        """A page of instances. Without a change in the store since the last answer, 304, and no row is read."""
        stamp = f'"{self._run}-{self._store.db.total_changes}"'
        if request.headers.get("if-none-match") == stamp:
            return Response(status_code=304, headers={**_HEADERS, "etag": stamp})
        query = request.query_params
        wanted = listing.Wanted(
            statuses=frozenset(text for text in query.get("state", "").split(",") if text),
            name_prefix=query.get("name", ""),
            id_prefix=query.get("id", ""),
            created_from_us=_time("from", query.get("from")),
            created_to_us=_time("to", query.get("to")),
        )
        found, following = listing.newest(self._store.db, wanted, _cursor(query.get("before")))
        content = {
            "now_us": now_us(),
            "counts": listing.counts(self._store.db),
            "instances": found,
            "before": following and f"{following[0]}~{following[1]}",
        }
        return _json(content, headers={"etag": stamp})

    def _instance(self, request: Request, instance_id: str) -> Response:
        """One instance with its history and its bars; 304 while no step was committed."""
        row = self._client.get(instance_id)
        stamp = f'"{row.execution_id}-{row.updated_us}"'
        if request.headers.get("if-none-match") == stamp:
            return Response(status_code=304, headers={**_HEADERS, "etag": stamp})
        events = self._client.history(instance_id)
        started = next((event for event in events if isinstance(event, ev.ExecutionStarted)), None)
        content = {
            "now_us": now_us(),
            "id": row.id,
            "execution_id": row.execution_id,
            "name": row.name,
            "status": row.status,
            "is_final": row.is_final,
            "created_us": row.created_us,
            "updated_us": row.updated_us,
            "input": row.input,
            "output": row.output,
            "custom_status": row.custom_status,
            "parent_id": started and started.parent and started.parent.instance_id,
            "bars": [asdict(bar) for bar in timeline.bars(events)[:HISTORY_EVENTS]],
            "steps": timeline.steps(events)[:HISTORY_EVENTS],
            "events": len(events),
            "history": [_event(event) for event in events[:HISTORY_EVENTS]],
        }
        return _json(content, headers={"etag": stamp})

    # ---- changing

    def _change(self, instance_id: str, operation: str, body: bytes) -> Response:
        given = _object(body)
        reason = str(given.get("reason") or "") or None
        client = self._client
        match operation:
            case "terminate":
                client.terminate(instance_id, reason)
            case "suspend":
                client.suspend(instance_id, reason)
            case "resume":
                client.resume(instance_id, reason)
            case "rewind":
                client.rewind(instance_id, reason)
            case "restart":
                return _json({"id": client.restart(instance_id, with_new_id=True)}, 202)
            case "purge":
                client.purge(instance_id)
            case "event":
                name = str(given.get("name") or "")
                if not name:
                    raise _BadRequestError("An event needs a name.")
                client.raise_event(instance_id, name, compact(given.get("value")))
            case _:
                raise _BadRequestError(f"'{operation}' is nothing that can be done with an instance.")
        return _json({"id": instance_id}, 202)


def _told(work: Callable[[], Response]) -> Response:
    """What the work gives, or the sentence that says why it could not be done."""
    try:
        return work()
    except _BadRequestError as error:
        return _json({"error": str(error)}, 400)
    except NotFoundError:
        return _json({"error": "There is no instance of that id (any more)."}, 404)
    except GoneError:
        return _json({"error": "The instance has ended."}, 409)
    except WrongStateError as error:
        return _json({"error": error.text}, 409)
    except AlreadyExistsError as error:
        return _json({"error": str(error)}, 409)


def _event(event: ev.Event) -> dict[str, Any]:
    kind, fields = ev.to_row(event)
    return {"kind": kind, **json.loads(fields)}


def _file(name: str) -> Response:
    known = {entry.name for entry in _FILES.iterdir()}
    kind = _TYPES.get(name.rpartition(".")[2])
    if name not in known or kind is None:
        return _json({"error": "There is nothing here."}, 404)
    return Response((_FILES / name).read_bytes(), media_type=f"{kind}; charset=utf-8", headers=_HEADERS)


def _cursor(text: str | None) -> tuple[int, str] | None:
    if not text:
        return None
    at, found, instance_id = text.partition("~")
    if not found or not at.isdecimal():
        raise _BadRequestError(f"'before' is {text!r}; it must come from an earlier answer.")
    return int(at), instance_id


def _time(name: str, text: str | None) -> int | None:
    try:
        return parse(text) if text else None
    except ValueError:
        raise _BadRequestError(f"'{name}' is {text!r}; it must be a time like 2030-01-31T12:00:00Z.") from None


def _object(body: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(body) if body else {}
    except ValueError:
        raise _BadRequestError("The body is no JSON.") from None
    if not isinstance(value, dict):
        raise _BadRequestError("The body must be a JSON object.")
    return value  # pyright: ignore[reportUnknownVariableType]


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    content_type = {"content-type": "application/json; charset=utf-8"}
    return Response(compact(value), status, {**content_type, **_HEADERS, **(headers or {})})
