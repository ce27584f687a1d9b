"""The check of what the code asks for against what its history says it asked for before, in the framework's words."""

from typing import NoReturn

from local.functions_host import history as ev
from local.functions_host.decisions import ScheduleActivity, ScheduleChild, Scheduled

_WAS_IT_CHANGED = "Was a change made to the orchestrator code after this instance had already started running?"


class NotDeterministicError(Exception):
    """The history holds something that the code did not ask for this time."""


def complain(event: ev.Outbound, produced: Scheduled | None) -> NoReturn:
    """Raise NotDeterministicError for an outbound event that the code did not produce again."""
    match event:
        case ev.TaskScheduled():
            missing = f"an activity task with sequence ID {event.task_id} and name '{event.name}' (version '')"
            known = f"an activity task with sequence number {event.task_id} named '{event.name}'"
        case ev.ChildCreated():
            missing = (
                f"a sub-orchestration task with sequence ID {event.task_id} and name '{event.name}' "
                f"(version '', instance ID '{event.instance_id}')"
            )
            known = f"a sub-orchestration task with sequence number {event.task_id} named '{event.name}'"
        case ev.TimerCreated():
            missing = known = f"a timer task with sequence number {event.task_id}"
    match event, produced:
        case _, None:
            text = f"{missing}, but the current replay execution hasn't (yet?) scheduled this task"
        case (ev.TaskScheduled(), ScheduleActivity(name=name)) | (ev.ChildCreated(), ScheduleChild(name=name)):
            text = (
                f"{known}, but the current orchestration replay instead scheduled one named '{name}' "
                "with this sequence number"
            )
        case _:
            text = (
                f"{known}, but the current orchestration replay instead produced a {produced.framework_name} action "
                "with this sequence number"
            )
    raise NotDeterministicError(f"A previous execution of this orchestration scheduled {text}. {_WAS_IT_CHANGED}")
