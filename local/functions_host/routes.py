"""Route templates of HTTP triggers, matched as the host matches them (functions-host-measured.md, 10 and 18). Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

_RESERVED = ("admin", "runtime")
_PARAMETER = re.compile(
    r"\{(?P<catch_all>\*{0,2})(?P<name>[^:=?{}]+)(?P<constraints>(?::[^{}=?:(]+(?:\([^)]*\))?)*)"
    r"(?:=(?P<default>[^{}]*))?(?P<optional>\?)?\}"
)


class RouteError(Exception):
    """A template that this host cannot serve; the text says why."""


def _is_guid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _is_int(value: str, bits: int) -> bool:
    return re.fullmatch(r"[+-]?\d+", value) is not None and -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1)


_PLAIN: Mapping[str, Callable[[str], bool]] = {
    "int": lambda value: _is_int(value, 32),
    "long": lambda value: _is_int(value, 64),
    "bool": lambda value: value.lower() in {"true", "false"},
    "alpha": lambda value: re.fullmatch(r"[A-Za-z]*", value) is not None,
    "guid": _is_guid,
    "decimal": lambda value: re.fullmatch(r"[+-]?\d+(\.\d+)?", value) is not None,
    "double": lambda value: re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", value) is not None,
    "float": lambda value: re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", value) is not None,
    "required": lambda value: value != "",
}
_WITH_ARGUMENTS: Mapping[str, Callable[[str, list[str]], bool]] = {
    "length": lambda value, given: int(given[0]) <= len(value) <= int(given[-1]),
    "minlength": lambda value, given: len(value) >= int(given[0]),
    "maxlength": lambda value, given: len(value) <= int(given[0]),
    "min": lambda value, given: _is_int(value, 64) and int(value) >= int(given[0]),
    "max": lambda value, given: _is_int(value, 64) and int(value) <= int(given[0]),
    "range": lambda value, given: _is_int(value, 64) and int(given[0]) <= int(value) <= int(given[1]),
    "regex": lambda value, given: re.search(",".join(given), value, re.IGNORECASE) is not None,
}


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    is_catch_all: bool
    is_optional: bool
    default: str | None
    checks: tuple[Callable[[str], bool], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: one entry a segment, literal text or parameter."""

    text: str
    segments: tuple[str | _Parameter, ...]

    @property
    def is_reserved(self) -> bool:
        """Whether it collides with the host's own routes: such a function loads, but nothing reaches it."""
        first = self.text.split("/", 1)[0].lower()
        return first in _RESERVED

    def match(self, raw_path: str) -> dict[str, str] | None:
        """Parameters for a raw (still escaped) path below the prefix, or None.

        Absent optional parameters are missing.
        """
        parts = raw_path.split("/") if raw_path else []
        if parts and parts[-1] == "":
            parts.pop()  # one trailing slash is nothing
        values: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if isinstance(segment, _Parameter) and segment.is_catch_all:
                rest = "/".join(parts[position:])
                return _put(values, segment, rest or None)
            part = parts[position] if position < len(parts) else None
            if part == "" or not _take(values, segment, part):
                return None
        return values if len(parts) <= len(self.segments) else None


def parse_template(text: str) -> Template:
    """Parse a template; raises RouteError for what ASP.NET would refuse or this host does not know."""
    stripped = text.strip("/")
    segments = [_segment(part, text) for part in _split(stripped)] if stripped else []
    for segment in segments[:-1]:
        if isinstance(segment, _Parameter) and segment.is_catch_all:
            raise RouteError(f"route '{text}': a catch-all parameter must be the last segment")
    return Template(stripped, tuple(segments))


def _split(text: str) -> list[str]:
    return re.findall(r"(?:\{[^{}]*\}|[^/{}])+", text)


def _segment(part: str, template: str) -> str | _Parameter:
    if "{" not in part:
        return part.lower()
    match = _PARAMETER.fullmatch(part)
    if match is None:
        raise RouteError(f"route '{template}': this host does not know the segment '{part}'")
    constraints = [text for text in re.split(r":(?![^(]*\))", match["constraints"]) if text]
    return _Parameter(
        name=match["name"],
        is_catch_all=bool(match["catch_all"]),
        is_optional=bool(match["optional"]) or bool(match["catch_all"]),
        default=match["default"],
        checks=tuple(_check(text, template) for text in constraints),
    )


def _check(constraint: str, template: str) -> Callable[[str], bool]:
    name, _, arguments = constraint.removesuffix(")").partition("(")
    if name in _PLAIN and not arguments:
        return _PLAIN[name]
    if name in _WITH_ARGUMENTS and arguments:
        check, given = _WITH_ARGUMENTS[name], arguments.split(",")
        return lambda value: check(value, given)
    raise RouteError(f"route '{template}': this host does not know the constraint '{constraint}'")


def _take(values: dict[str, str], segment: str | _Parameter, part: str | None) -> bool:
    if isinstance(segment, str):
        return part is not None and unquote(part).lower() == segment
    return _put(values, segment, part) is not None


def _put(values: dict[str, str], parameter: _Parameter, part: str | None) -> dict[str, str] | None:
    if part is None:
        if parameter.default is not None:
            values[parameter.name] = parameter.default
        return values if parameter.is_optional or parameter.default is not None else None
    value = _unescape(part)
    if not all(check(value) for check in parameter.checks):
        return None
    values[parameter.name] = value
    return values


def _unescape(part: str) -> str:
    """Everything is unescaped but the slash."""
    return unquote(part.replace("%2f", "%252f").replace("%2F", "%252F"))
