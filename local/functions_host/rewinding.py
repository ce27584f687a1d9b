"""What a rewind makes of a failed history: its failures are struck out, so that the replay does them again. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from local.functions_host import history as ev


class Rewound(NamedTuple):
    """A history that can be replayed, and the children whose failures were struck out of it: they are rewound too."""

    history: list[ev.Event]
    failed_children: list[str]


def rewound(history: Sequence[ev.Event]) -> Rewound:
    """Failures, what had scheduled a failed activity, and the end become GenericEvents in their places.

    A failed child stays scheduled: it is the same child that runs again and reports (trace rewind-after; the rest from
    the framework's description of its rewind).
    """
    failed = {event.task_id for event in history if isinstance(event, ev.TaskFailed)}
    failed_children = {event.task_id for event in history if isinstance(event, ev.ChildFailed)}
    kept: list[ev.Event] = []
    for event in history:
        match event:
            case ev.TaskScheduled() if event.task_id in failed:
                kept.append(ev.GenericEvent(event.at_us, None, event.task_id))
            case ev.TaskFailed() | ev.ChildFailed() | ev.ExecutionCompleted():
                kept.append(ev.GenericEvent(event.at_us, None))
            case _:
                kept.append(event)
    children = [e.instance_id for e in history if isinstance(e, ev.ChildCreated) and e.task_id in failed_children]
    return Rewound(kept, children)
