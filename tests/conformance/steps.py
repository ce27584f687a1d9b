"""The steps that scenes are made of: each brings a stage a little further. Knows no fact by name."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.stage import FINAL, Stage, StageError

Step = Callable[[Stage], object]
_FIRST_STEP = timedelta(seconds=10)


def started(name: str, value: Any = None) -> Step:
    """An orchestration was started, with the input the SDK would send for this value."""
    return lambda stage: stage.start(name, value)


def posted(name: str, content: str | None, query: str = "") -> Step:
    """An orchestration was started by webhook with this body."""
    return lambda stage: stage.manage("POST", f"/orchestrators/{name}/{stage.id}{query}", content)


def status_is(*names: str) -> Step:
    """It has one of these statuses."""
    return lambda stage: stage.until(lambda status: status["runtimeStatus"] in names)


def ended() -> Step:
    """It has ended."""
    return status_is(*FINAL)


def failed_or_stuck(stage: Stage) -> None:
    """It has failed, or it has been waiting for longer than a first step takes."""

    def is_decided(status: dict[str, Any]) -> bool:
        age = datetime.now(UTC) - datetime.fromisoformat(status["createdTime"])
        return status["runtimeStatus"] == "Failed" or age > _FIRST_STEP

    stage.until(is_decided)


def asked(operation: str, reason: str = "") -> Step:
    """Its management link of this name was used."""

    def ask(stage: Stage) -> None:
        query = f"?reason={reason}" if reason else ""
        answer = stage.manage("POST", f"/instances/{stage.id}/{operation}{query}")
        if answer.is_error:
            raise StageError(f"{operation}: {answer.status_code} {answer.text[:200]}")

    return ask


def raised(name: str, value: Any, *, sdk: bool = False) -> Step:
    """An event was raised: by webhook, or as the SDK sends it, JSON text within JSON."""

    def send(stage: Stage) -> None:
        content = json.dumps(json.dumps(value)) if sdk else json.dumps(value)
        answer = stage.manage("POST", f"/instances/{stage.id}/raiseEvent/{name}", content)
        if answer.is_error:
            raise StageError(f"raising {name}: {answer.status_code} {answer.text[:200]}")

    return send


def history_has(*kinds: str, count: int = 1) -> Step:
    """Its history has an event of each of these kinds, ``count`` times."""

    def enough(status: dict[str, Any]) -> bool:
        seen = [event["EventType"] for event in status["historyEvents"]]
        return all(seen.count(kind) >= count for kind in kinds)

    return lambda stage: stage.until(enough)


def custom_status_is(value: Any) -> Step:
    """Its custom status has this value."""
    return lambda stage: stage.until(lambda status: status["customStatus"] == value)


def replayed(stage: Stage) -> None:
    """The orchestration of the trace was started with the input the trace shows."""
    body = stage.fact["body"]
    stage.start(body["name"], None if body["input"] is None else json.loads(body["input"]))


def seven_pages(stage: Stage) -> None:
    """Seven chains ran, with ids that end in 0 to 6."""
    _several(stage, "page", 7, of=("chain", 1), status="Completed")


def three_failures(stage: Stage) -> None:
    """Three orchestrations failed."""
    _several(stage, "failure", 3, of=("raises", None), status="Failed")


def two_running(stage: Stage) -> None:
    """Two orchestrations wait for their timers."""
    _several(stage, "running", 2, of=("tm", 60), status="Running")


def _several(stage: Stage, what: str, how_many: int, *, of: tuple[str, Any], status: str) -> None:
    ids = [f"{stage.prefix}{what}-{number}" for number in range(how_many)]
    for one in ids:
        stage.start(*of, one)
    for one in ids:
        stage.until(lambda seen: seen["runtimeStatus"] == status, one)


def parent_terminated(stage: Stage) -> None:
    """The orchestration of the trace is the child of one that was terminated while it ran."""
    parent = stage.id.removesuffix("-kid")
    stage.start("kid_parent", 30, parent)
    stage.until(lambda status: status["runtimeStatus"] == "Running")
    stage.manage("POST", f"/instances/{parent}/terminate")
    stage.until(lambda status: status["runtimeStatus"] == "Terminated", parent)


RUN = (replayed, ended())
COMPLETED = (started("chain", 1), ended())
FAILED = (started("raises"), ended())
RUNNING = (started("tm", 60), history_has("TimerCreated"))
SUSPENDED = (*RUNNING, asked("suspend", "hold on"), status_is("Suspended"))
TERMINATED = (*RUNNING, asked("terminate", "enough"), ended())
LISTENING = (started("ev_form"), status_is("Running"))
