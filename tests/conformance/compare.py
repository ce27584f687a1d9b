"""Compares two normalised answers field by field and names every place where they differ. Knows no fact."""

from collections.abc import Iterator
from typing import Any, NamedTuple

_SHOWN = 160


class Place(NamedTuple):
    """One place where an answer differs from the fact."""

    path: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.path}: expected {_short(self.expected)}, found {_short(self.found)}"


def differences(expected: Any, found: Any, path: str) -> Iterator[Place]:
    """All places, the deepest that can be named; ``{order}`` where only the order of fields differs."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in {**expected, **found}:
            below = f"{path}.{name}"
            if name not in found:
                yield Place(below, expected[name], "nothing")
            elif name not in expected:
                yield Place(below, "nothing", found[name])
            else:
                yield from differences(expected[name], found[name], below)
        if expected.keys() == found.keys() and list(expected) != list(found):
            yield Place(f"{path}{{order}}", list(expected), list(found))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif type(expected) is not type(found) or expected != found:
        yield Place(path, expected, found)


def without_order(status: Any) -> Any:
    """A status whose history, after its first event, is in an order that says nothing."""
    first, *others = status["historyEvents"]
    return {**status, "historyEvents": [first, *sorted(others, key=repr)]}


def shapes(members: Any, *, with_status: bool) -> Any:
    """What can be compared of a list whose members are other hosts' business."""
    if not isinstance(members, list):
        return members
    return [
        {"fields": list(member), **({"runtimeStatus": member["runtimeStatus"]} if with_status else {})}
        for member in members
    ]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}.."
