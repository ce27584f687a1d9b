"""What host.json and local.settings.json say, as far as this host heeds it.

Every other key is the real host's business.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

DEFAULT_TIMEOUT = "00:30:00"


class SettingsError(Exception):
    """A settings file cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """The part of host.json that changes what this host does."""

    route_prefix: str
    hub_name: str
    max_activities: int
    max_orchestrators: int
    function_timeout: str
    function_timeout_s: float | None


def read_host_json(folder: Path) -> HostSettings:
    """Read host.json; raises SettingsError with one sentence."""
    path = folder / "host.json"
    content = _object(path)
    if content.get("version") != "2.0":
        raise SettingsError(f'{path} must say "version": "2.0", not {json.dumps(content.get("version"))}.')
    extensions = _section(content, "extensions", path)
    durable = _section(extensions, "durableTask", path)
    concurrency = 10 * (os.cpu_count() or 1)
    timeout = str(content.get("functionTimeout") or DEFAULT_TIMEOUT)
    return HostSettings(
        route_prefix=str(_section(extensions, "http", path).get("routePrefix", "api")).strip("/"),
        hub_name=str(durable.get("hubName") or "TestHubName"),
        max_activities=_positive(durable, "maxConcurrentActivityFunctions", concurrency, path),
        max_orchestrators=_positive(durable, "maxConcurrentOrchestratorFunctions", concurrency, path),
        function_timeout=timeout,
        function_timeout_s=_time_span_s(timeout, path),
    )


def apply_local_settings(folder: Path) -> None:
    """Put Values of local.settings.json into the environment where it has none of that name."""
    path = folder / "local.settings.json"
    if path.is_file():
        for name, value in _section(_object(path), "Values", path).items():
            os.environ.setdefault(name, str(value))


def _object(path: Path) -> dict[str, Any]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(f"There is no {path.name} in {path.parent}.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold a JSON object.")
    return cast("dict[str, Any]", content)


def _section(content: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    section: object = content.get(name) or {}
    if not isinstance(section, dict):
        raise SettingsError(f"'{name}' in {path} must be a JSON object.")
    return cast("dict[str, Any]", section)


def _positive(section: dict[str, Any], name: str, default: int, path: Path) -> int:
    value: object = section.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or value < 1:
        raise SettingsError(f"'{name}' in {path} must be a whole number of at least 1, not {json.dumps(value)}.")
    return value


def _time_span_s(text: str, path: Path) -> float | None:
    if text == "-1":
        return None
    match = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})", text)
    if match is None:
        raise SettingsError(f"'functionTimeout' in {path} must look like 00:10:00 (or -1), not {text!r}.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
