"""Brings a host into the state a fact speaks of, by requests anybody could send. Knows no fact, expects nothing."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

WEBHOOKS = "/runtime/webhooks/durabletask"
FINAL = {"Completed", "Failed", "Terminated"}
DEADLINE_S = 60
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.4


class StageError(Exception):
    """The host did not come into the state that the fact speaks of."""


def _prefix() -> str:
    return f"q{uuid.uuid4().hex[:10]}-"


@dataclass(frozen=True)
class Target:
    """The host under test: where it is, and its keys by the names the facts give them."""

    url: str
    keys: dict[str, str]
    http: httpx.Client


@dataclass
class Stage:
    """What one fact plays on. ``named`` is the id that the trace names; empty where ids are generated."""

    target: Target
    named: str = ""
    fact: dict[str, Any] = field(default_factory=dict[str, Any])
    prefix: str = field(default_factory=_prefix)
    since: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    def __post_init__(self) -> None:
        self._name()

    def again(self) -> None:
        """Forget what was played so far: other ids from here on."""
        self.prefix = _prefix()
        self._name()

    def _name(self) -> None:
        self.id = self.prefix + self.named if self.named else uuid.uuid4().hex

    def send(self, request: dict[str, Any]) -> httpx.Response:
        """A request of a fact, with this stage's ids and the target's keys in it."""
        names = {**self.target.keys, "p": self.prefix, "id": quote(self.id, safe=""), "since": quote(self.since)}
        path = _filled(request["path"], names)
        headers = {name: _filled(value, names) for name, value in request.get("headers", {}).items()}
        if (token := headers.get("x-ms-continuation-token", "")).startswith("base64 of "):
            headers["x-ms-continuation-token"] = base64.b64encode(token.removeprefix("base64 of ").encode()).decode()
        body = request.get("body")
        content = None if body is None else _filled(body, {**names, "id": json.dumps(self.id)[1:-1]}).encode()
        return self.target.http.request(request["method"], f"{self.target.url}{path}", headers=headers, content=content)

    def through_app(self, request: dict[str, Any]) -> dict[str, Any]:
        """A request to the loopback door of the SDK, sent by the app; gives status, headers and text."""
        inner = {"headers": {}, "body": None, **request}
        inner["path"] = _filled(inner["path"], {"p": self.prefix, "id": quote(self.id, safe="")})
        answer = self.target.http.post(f"{self.target.url}/api/rpc", json=inner)
        answer.raise_for_status()
        return answer.json()

    def manage(
        self, method: str, path: str, content: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """A request to the durable webhooks; a body is JSON unless ``headers`` are given."""
        usual = {} if content is None else {"content-type": "application/json"}
        sent = {"x-functions-key": self.target.keys["system"], **(usual if headers is None else headers)}
        return self.target.http.request(method, f"{self.target.url}{WEBHOOKS}{path}", headers=sent, content=content)

    def start(self, name: str, value: Any = None, instance_id: str | None = None) -> None:
        """Start an orchestration with the input that the SDK would send for this value."""
        content = None if value is None else json.dumps(json.dumps(value))
        path = f"/orchestrators/{name}/{quote(instance_id or self.id, safe='')}"
        answer = self.manage("POST", path, content)
        if answer.status_code != 202:
            raise StageError(f"starting {name}: {answer.status_code} {answer.text[:200]}")

    def status(self, instance_id: str | None = None) -> dict[str, Any]:
        """The status with its history; empty where there is none."""
        path = f"/instances/{quote(instance_id or self.id, safe='')}?showHistory=true&showHistoryOutput=true"
        answer = self.manage("GET", path)
        return {"historyEvents": [], **answer.json()} if answer.content else {}  # Pending ones have no history yet

    def until(self, look: Callable[[dict[str, Any]], Any], instance_id: str | None = None) -> dict[str, Any]:
        """The status as soon as ``look`` likes it."""
        end = time.monotonic() + DEADLINE_S
        pause_s = _FIRST_PAUSE_S
        while True:
            status = self.status(instance_id)
            if status and look(status):
                return status
            if time.monotonic() > end:
                raise StageError(f"waited {DEADLINE_S} s; last seen: {json.dumps(status)[:300]}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
