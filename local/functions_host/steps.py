"""One step of an orchestration between loading and committing it: what the decision makes of rows and events.

Stores nothing.
"""

import uuid
from dataclasses import dataclass, replace

from local.functions_host import history as ev
from local.functions_host.decisions import Continued, Decision, Ended, ScheduleActivity, ScheduleChild, ScheduleTimer
from local.functions_host.instants import now_us
from local.functions_host.json_text import compact
from local.functions_host.rows import InstanceRow, Letter, NewInstance, StepCommit


@dataclass(slots=True)
class Progress:
    """One step while it is being worked out; continue_as_new starts it over with an empty past."""

    row: InstanceRow
    past: list[ev.Event]
    new: list[ev.Event]
    keep_history: int


def execution_started(progress: Progress) -> ev.ExecutionStarted:
    """The event that began the execution."""
    return next(event for event in (*progress.past, *progress.new) if isinstance(event, ev.ExecutionStarted))


def begin_again(progress: Progress, started: ev.ExecutionStarted, end: Continued, decision: Decision) -> None:
    """Replace the history by the beginning of the next generation, as the framework does within the same step."""
    at_us = now_us()
    text = None if end.input is None else compact(end.input)
    execution_id = uuid.uuid4().hex
    again = replace(started, at_us=at_us, input=text, execution_id=execution_id, generation=None)
    # The old custom status stays visible during the next generation (functions-host-measured.md, 8.2).
    shown = _status_text(decision)
    progress.row = progress.row._replace(
        execution_id=execution_id,
        input=text,
        created_us=at_us,
        custom_status=shown,
        status_is_inherited=int(bool(shown)),
    )
    progress.past = []
    progress.new = [ev.StepStarted(at_us), again, *end.carried, ev.StepCompleted(at_us, is_played=True)]
    progress.keep_history = 0


def commit_of(
    progress: Progress, started: ev.ExecutionStarted, decision: Decision, loaded_execution_id: str, consumed: list[int]
) -> StepCommit:
    """Everything the step changes, ready to be committed."""
    at_us = now_us()
    row = _row_after(progress, decision, at_us)
    append: list[ev.Event] = list(progress.new)
    children: list[NewInstance] = []
    for item in decision.scheduled:
        match item:
            case ScheduleActivity():
                append.append(ev.TaskScheduled(at_us, item.task_id, item.name))
            case ScheduleTimer():
                append.append(ev.TimerCreated(at_us, item.task_id, item.fire_us))
            case ScheduleChild():
                append.append(ev.ChildCreated(at_us, item.task_id, item.name, item.instance_id))
                children.append(_child(row, started, item, at_us))
    if isinstance(decision.end, Ended):
        append.append(ev.ExecutionCompleted(at_us, decision.end.status, decision.end.result))
    append.append(ev.StepCompleted(at_us))
    return StepCommit(
        loaded_execution_id=loaded_execution_id,
        consumed=consumed,
        instance=row,
        keep_history=progress.keep_history,
        append=append,
        activities=[item for item in decision.scheduled if isinstance(item, ScheduleActivity)],
        timers=[item for item in decision.scheduled if isinstance(item, ScheduleTimer)],
        children=children,
        letters=_to_parent(started.parent, decision.end, at_us),
    )


def _row_after(progress: Progress, decision: Decision, at_us: int) -> InstanceRow:
    row = progress.row._replace(updated_us=at_us)
    status = _status_text(decision)
    is_inherited = bool(row.status_is_inherited and status is None and decision.end is None)
    row = row._replace(
        custom_status=row.custom_status if is_inherited else status, status_is_inherited=int(is_inherited)
    )
    if isinstance(decision.end, Ended):
        result = decision.end.result
        output = result if decision.end.status == "Completed" or result is None else compact(result)
        return row._replace(status=decision.end.status, output=output)
    for event in reversed(progress.new):
        match event:
            case ev.ExecutionSuspended(reason=reason):
                return row._replace(status="Suspended", output=reason and compact(reason))
            case ev.ExecutionResumed(reason=reason):
                return row._replace(status="Running", output=reason and compact(reason))
            case _:
                pass
    return row if row.status == "Suspended" else row._replace(status="Running")


def _status_text(decision: Decision) -> str | None:
    return None if decision.custom_status is None else compact(decision.custom_status)


def _child(row: InstanceRow, started: ev.ExecutionStarted, item: ScheduleChild, at_us: int) -> NewInstance:
    parent = ev.Parent(row.name, row.id, row.execution_id, item.task_id)
    text = None if item.input is None else compact(item.input)
    execution_id = uuid.uuid4().hex
    child = ev.ExecutionStarted(at_us, item.name, text, execution_id, None, parent, item.version, started.trace)
    return NewInstance(item.instance_id, child)


def _to_parent(parent: ev.Parent | None, end: Ended | Continued | None, at_us: int) -> list[Letter]:
    if parent is None or not isinstance(end, Ended):
        return []
    if end.status == "Completed":
        event: ev.Inbound = ev.ChildCompleted(at_us, parent.task_id, end.result)
    else:
        text = end.result or ""
        message = text.partition(" failed: ")[2] or text
        event = ev.ChildFailed(at_us, parent.task_id, text, f"Message: {message}, StackTrace: ")
    return [Letter(parent.instance_id, parent.execution_id, event)]
