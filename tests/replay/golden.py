"""Golden histories: what a host holds of each course under the code of one release, as files. Knows no expectation."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.functions_host import history as ev
from local.functions_host.decisions import Continued, Ended
from shared.version import VERSION
from tests.replay.courses import BEGIN, COURSES
from tests.replay.stage import Execution, play

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "golden"
_ENDS = {"Ended": Ended, "Continued": Continued}


def played() -> Iterator[tuple[str, str]]:
    """Play every course under this code: names of files, and what belongs into them."""
    for story, courses in COURSES.items():
        for name, course in courses.items():
            executions = [_written(execution) for execution in play(story, BEGIN[story], course)]
            yield f"{story}.{name.replace(' ', '-').replace(',', '')}.json", _lines({"story": story}, executions)


def read(file: Path) -> tuple[str, list[Execution]]:
    """Read one course: the story's name, and its executions."""
    content: dict[str, Any] = json.loads(file.read_text())
    return content["story"], [_read(one) for one in content["executions"]]


def write() -> None:
    """Write the folder of the present version anew."""
    folder = FOLDER / VERSION
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, text in played():
        (folder / name).write_text(text)


def _written(execution: Execution) -> dict[str, Any]:
    end = {"kind": type(execution.end).__name__} | asdict(execution.end)
    if isinstance(execution.end, Continued):
        end["carried"] = [_row(event) for event in execution.end.carried]
    return {
        "input": execution.input,
        "end": end,
        "steps": [[_row(event) for event in step] for step in execution.steps],
    }


def _row(event: ev.Event) -> list[Any]:
    kind, text = ev.to_row(event)
    given = {each.name for each in fields(event) if getattr(event, each.name) not in {each.default, None}}
    return [kind, {name: value for name, value in json.loads(text).items() if name in given}]


def _read(written: dict[str, Any]) -> Execution:
    end = dict(written["end"])
    if "carried" in end:
        end["carried"] = tuple(_event(row) for row in end["carried"])
    steps = tuple(tuple(_event(row) for row in step) for step in written["steps"])
    return Execution(written["input"], steps, _ENDS[end.pop("kind")](**end))


def _event(row: list[Any]) -> ev.Event:
    kind, values = row
    absent = {each.name: None for each in fields(getattr(ev, kind)) if each.default is MISSING}
    return ev.from_row(kind, json.dumps(absent | values))


def _lines(head: dict[str, Any], executions: list[dict[str, Any]]) -> str:
    """Write one event a line, so that a review sees what moved."""
    parts = [json.dumps(head)[:-1] + ', "executions": [']
    for n, one in enumerate(executions):
        parts.append(f'{{"input": {json.dumps(one["input"])}, "end": {json.dumps(one["end"])}, "steps": [')
        steps = [" [" + ",\n  ".join(json.dumps(row) for row in step) + "]" for step in one["steps"]]
        parts.append(",\n".join(steps) + ("]}," if n + 1 < len(executions) else "]}"))
    return "\n".join([*parts, "]}"]) + "\n"
