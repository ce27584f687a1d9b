"""Makes two answers comparable: what no two hosts share (ids, times, ports, keys, stacks) becomes a mark.

The facts and what a host answers go through the same function. Knows no fact.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

HEADERS = (
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "cache-control",
    "set-cookie",
    "x-ms-continuation-token",
    "x-mine",
    "x-a",
)
_WHOLE_SECONDS = {"createdTime", "lastUpdatedTime"}
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
_GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b")
_RUN = re.compile(r"x{100,}")
# What cannot be shared by two hosts, and what stands for it. Exceptions of .NET and stacks run to the end of the text.
_MARKS = (
    (re.compile(r"x{200}<\.\.\. (\d+) characters>"), r"<\1 x>"),
    (re.compile(r"\b(https?)://(127\.0\.0\.1|localhost)(:\d+)?"), r"\1://<host>"),
    (re.compile(r"code=(<[a-z]+-key>|[^&\"\s]+)"), "code=<key>"),
    (re.compile(r"taskHub=\w+"), "taskHub=<hub>"),
    (re.compile(r"(\{\"\$type\":|<exception json>).*", re.DOTALL), "<exception json>"),
    (re.compile(r"Stack: .*", re.DOTALL), "Stack: <stack>"),
    (re.compile(r"StackTrace: .*", re.DOTALL), "StackTrace: <stack>"),
    (re.compile(r"(known orchestrator functions: ).*", re.DOTALL), r"\1<names>"),
    (re.compile(r"\b127\.0\.0\.1:\d+"), "<host>"),
    (re.compile(r" object at 0x[0-9a-f]+"), " object"),
    (re.compile(r"(, )?'Server': '[^']*'"), ""),
    (re.compile(r"'Date': '[^']*'"), "'Date': '<date>'"),
)


class Normal:
    """Normalises one exchange; the same id always becomes the same mark, so that relations between ids stay."""

    def __init__(self, prefix: str = "", keys: Mapping[str, str] | None = None) -> None:
        self._prefix = prefix
        self._keys = {key: f"<{name}-key>" for name, key in (keys or {}).items() if key}
        self._guids: dict[str, str] = {}

    def body(self, value: Any, key: str = "") -> Any:
        """A body, at any depth."""
        if isinstance(value, dict):
            return {name: self.body(inner, name) for name, inner in value.items() if name != "Server"}
        if isinstance(value, list):
            return [self.body(inner) for inner in value]
        if key == "processUptime":
            return 0
        if not isinstance(value, str):
            return value
        match key:
            case "StackTrace":
                return "<stack>"
            case "Date":
                return "<date>"
            case "user-agent" | "accept-encoding":
                return "<the client's>"
            case _:
                return self.text(value, keep_fraction=key in _WHOLE_SECONDS)

    def headers(self, given: Mapping[str, str]) -> dict[str, str]:
        """The headers that a caller can rely on."""
        kept = {name: given[name] for name in HEADERS if name in given}
        token = kept.get("x-ms-continuation-token")
        if token is not None:
            kept["x-ms-continuation-token"] = _decoded(token)
        return {name: self.text(value) for name, value in kept.items()}

    def text(self, text: str, *, keep_fraction: bool = False) -> str:
        """One text."""
        if self._prefix:
            text = text.replace(self._prefix, "")
        for key, mark in self._keys.items():
            text = text.replace(key, mark)
        for pattern, mark in _MARKS:
            text = pattern.sub(mark, text)
        text = _RUN.sub(lambda run: f"<{len(run[0])} x>", text)
        text = _TIME.sub(lambda m: f"<time{m[2] or '' if keep_fraction else ''}{m[3] or ''}>", text)
        return _GUID.sub(self._guid, text)

    def _guid(self, found: re.Match[str]) -> str:
        kind = "guid" if "-" in found[0] else "hex id"
        return self._guids.setdefault(found[0], f"<{kind} {len(self._guids) + 1}>")


def read_body(content: bytes) -> Any:
    """JSON where it is JSON, else text."""
    text = content.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _decoded(token: str) -> str:
    try:
        return f"base64 of {base64.b64decode(token, validate=True).decode()}"
    except (binascii.Error, UnicodeDecodeError):
        return token
