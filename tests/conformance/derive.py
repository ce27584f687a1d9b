"""Derives the facts from the traces: ``python -m tests.conformance.derive TRACES``, where TRACES is their folder.

Run when the traces or the table of scenes change; what it writes is committed, so that nobody needs the traces.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.conformance.facts import FOLDER
from tests.conformance.normal import Normal
from tests.conformance.scenes.scene import Scene
from tests.conformance.scenes.table import GROUPS

_STATUS = "/runtime/webhooks/durabletask/instances/{id}?code={system}"
_KEYS = {"<system-key>": "{system}", "<function-key>": "{function}", "<master-key>": "{master}"}
_ID_IN_PATH = re.compile(r"(/instances/|/orchestrators/\w+/)([^/?]+)")
_ID_IN_QUERY = re.compile(r"([?&](?:id|instanceIdPrefix)=)([^&]+)")
_GENERATED = re.compile(r"[0-9a-f]{32}")
_ADDRESS = re.compile(r"^http://127\.0\.0\.1:\d+(/durabletask(?=/))?")
_CREATED_FROM = re.compile(r"(createdTimeFrom=)2026[^&]+")
_TOKENS = {"cGFnZS0z": "base64 of {p}page-3", "cGFnZS02": "base64 of {p}page-6"}


def derive(trace: str, recorded: Any, scene: Scene) -> dict[str, Any]:
    """The fact of one trace: the request with placeholders, and the normalised answer."""
    request, named = _request(trace, recorded, scene)
    normal = Normal()
    fact: dict[str, Any] = {"trace": trace, "named": named, "request": request}
    if "status" in recorded:
        fact |= {"status": recorded["status"], "headers": normal.headers(recorded["headers"])}
    return fact | {"body": normal.body(_body(recorded))}


def _request(trace: str, recorded: dict[str, Any], scene: Scene) -> tuple[dict[str, Any], str]:
    if scene.call:
        named = scene.named or recorded.get("id", recorded.get("args", [""])[0])
        operation, *arguments = scene.call
        return {"method": "POST", "path": f"/api/c/{operation}", "body": json.dumps({"args": arguments})}, named
    if "request" not in recorded:
        named = scene.named or recorded.get("instanceId", "")
        return {"method": "GET", "path": scene.path or _STATUS}, "" if _GENERATED.fullmatch(named) else named
    sent = recorded["request"]
    path = _CREATED_FROM.sub(r"\1{since}", _keyed(_ADDRESS.sub("", sent["url"])))
    found = _ID_IN_PATH.search(path) or _ID_IN_QUERY.search(path)
    named = "" if found is None or _GENERATED.fullmatch(found[2]) else unquote(found[2])
    path = _ID_IN_QUERY.sub(_placeholder, _ID_IN_PATH.sub(_placeholder, path))
    headers = {name.lower(): _TOKENS.get(value, _keyed(value)) for name, value in (sent["headers"] or {}).items()}
    request = {"method": sent["method"], "path": path, "headers": headers}
    content = scene.content or sent["body"]
    if content is not None and not isinstance(content, str):
        content = json.dumps(content)
        headers.setdefault("content-type", "application/json")
    if content is not None:
        if content.startswith("<"):
            raise ValueError(f"{trace}: the trace does not show its body {content}; the scene must say it")
        request["body"] = content
    return request, named


def _placeholder(found: re.Match[str]) -> str:
    return found[1] + ("{id}" if _GENERATED.fullmatch(found[2]) else f"{{p}}{found[2]}")


def _keyed(text: str) -> str:
    for masked, name in _KEYS.items():
        text = text.replace(masked, name)
    return text


def _body(recorded: dict[str, Any]) -> Any:
    if "status" in recorded:
        return recorded["body"]
    answer = recorded.get("answer", recorded)
    return {name: value for name, value in answer.items() if name != "seconds"}


def main() -> None:
    """Write one file of facts a group, one fact a line."""
    traces = Path(sys.argv[1])
    for group, scenes in GROUPS.items():
        facts = [derive(trace, json.loads((traces / f"{trace}.json").read_text()), scenes[trace]) for trace in scenes]
        lines = ",\n".join(json.dumps(fact, ensure_ascii=False) for fact in facts)
        (FOLDER / f"{group}.json").write_text(f"[\n{lines}\n]\n")
        sys.stdout.write(f"{group}: {len(facts)} facts\n")


if __name__ == "__main__":
    main()
