"""What host.json and local.settings.json say, as far as this host heeds it.

Every other key is the real host's business.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from local.functions_host.versions import Versions

DEFAULT_TIMEOUT = "00:30:00"
_LARGEST_BATCH = 32  # what the storage service gives at once
_SHORTEST_POLL_S = 0.1


class SettingsError(Exception):
    """A settings file cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How queue functions are fed; the defaults are the platform's, but for an idle queue's pause (there a minute)."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout_s: int = 0
    max_polling_interval_s: float = 2.0
    message_encoding: Literal["base64", "none"] = "base64"


@dataclass(frozen=True, slots=True)
class HostSettings:
    """The part of host.json that changes what this host does."""

    route_prefix: str
    hub_name: str
    max_activities: int
    max_orchestrators: int
    function_timeout: str
    function_timeout_s: float | None
    queues: QueueSettings
    versions: Versions
    has_tracing: bool


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
        max_activities=_number(durable, "maxConcurrentActivityFunctions", concurrency, path),
        max_orchestrators=_number(durable, "maxConcurrentOrchestratorFunctions", concurrency, path),
        function_timeout=timeout,
        function_timeout_s=None if timeout == "-1" else _time_span_s(timeout, "functionTimeout", path),
        versions=_versions(durable, path),
        has_tracing=_has_tracing(_section(durable, "tracing", path)),
        queues=_queues(_section(extensions, "queues", path), path),
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


def _number(section: dict[str, Any], name: str, default: int, path: Path, *, least: int = 1) -> int:
    value: object = section.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or value < least:
        raise SettingsError(f"'{name}' in {path} must be a whole number of at least {least}, not {json.dumps(value)}.")
    return value


def _versions(durable: dict[str, Any], path: Path) -> Versions:
    own: object = durable.get("defaultVersion")
    if not isinstance(own, str | None):
        raise SettingsError(f"'defaultVersion' in {path} must be a text, not {json.dumps(own)}.")
    match str(durable.get("versionMatchStrategy", "CurrentOrOlder")).lower():
        case "currentorolder":
            return Versions(own, "CurrentOrOlder")
        case "strict":
            return Versions(own, "Strict")
        case "none":
            return Versions(own, "None")
        case other:
            raise SettingsError(
                f'\'versionMatchStrategy\' in {path} must be "CurrentOrOlder", "Strict" or "None", not {other!r}.'
            )


def _has_tracing(tracing: dict[str, Any]) -> bool:
    """Whether distributed tracing of the second kind is on: the first kind hands no trace to functions."""
    return tracing.get("distributedTracingEnabled") is True and str(tracing.get("version", "V1")).upper() in {"V2", "2"}


def _queues(section: dict[str, Any], path: Path) -> QueueSettings:
    usual = QueueSettings()
    batch_size = _number(section, "batchSize", usual.batch_size, path)
    if batch_size > _LARGEST_BATCH:
        raise SettingsError(f"'batchSize' in {path} must be at most {_LARGEST_BATCH}, not {batch_size}.")
    encoding = str(section.get("messageEncoding", usual.message_encoding)).lower()
    if encoding not in {"base64", "none"}:
        raise SettingsError(f'\'messageEncoding\' in {path} must be "base64" or "none", not {json.dumps(encoding)}.')
    visibility_s = _time_span_s(str(section.get("visibilityTimeout", "00:00:00")), "visibilityTimeout", path)
    interval_s = _time_span_s(str(section.get("maxPollingInterval", "00:00:02")), "maxPollingInterval", path)
    return QueueSettings(
        batch_size=batch_size,
        new_batch_threshold=_number(section, "newBatchThreshold", batch_size // 2, path, least=0),
        max_dequeue_count=_number(section, "maxDequeueCount", usual.max_dequeue_count, path),
        visibility_timeout_s=int(visibility_s),
        max_polling_interval_s=max(_SHORTEST_POLL_S, interval_s),
        message_encoding="none" if encoding == "none" else "base64",
    )


def _time_span_s(text: str, name: str, path: Path) -> float:
    match = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)", text)
    if match is None:
        raise SettingsError(f"'{name}' in {path} must look like 00:10:00, not {text!r}.")
    days, hours, minutes = (int(part or 0) for part in match.groups()[:3])
    return ((days * 24 + hours) * 60 + minutes) * 60 + float(match[4])
