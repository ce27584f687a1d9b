"""A host dies after any event of a story's history, and the story goes on to the same end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.functions_host import actions as ask
from local.functions_host import history as ev
from shared import names
from tests.replay.courses import BEGIN, COURSES
from tests.replay.stage import Execution, outbound, play, replayed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.functions_host.decisions import Continued, Ended
    from tests.replay.stage import Line

MOST_ROWS = 170
_MARKS = ev.StepStarted | ev.StepCompleted
_OUTBOUND = ev.TaskScheduled | ev.TimerCreated

every_course = pytest.mark.parametrize(
    ("story", "course"),
    [
        pytest.param(story, course, id=name.replace(" ", "-"))
        for story, courses in COURSES.items()
        for name, course in courses.items()
    ],
)


def test_every_story_has_its_courses() -> None:
    """An orchestration that is added without courses is an orchestration that nobody has cut."""
    assert COURSES.keys() == names.ORCHESTRATORS


@every_course
def test_history_stays_short(story: str, course: Sequence[Line]) -> None:
    """No execution of any course has more rows than the budget, however long the job waits."""
    assert max(len(execution.events) for execution in play(story, BEGIN[story], course)) <= MOST_ROWS


@every_course
def test_story_cut_after_any_event_goes_on_to_the_same_end(story: str, course: Sequence[Line]) -> None:
    """What the code asks for only grows from event to event, and a host that starts again there finds the same rest."""
    for execution in play(story, BEGIN[story], course):
        events = execution.events
        begun = next(n for n, event in enumerate(events, 1) if isinstance(event, ev.ExecutionStarted))
        asked: tuple[ask.Action, ...] = ()
        for cut in range(begun, len(events)):
            result, _ = replayed(story, execution.input, events[:cut], [])
            assert isinstance(result, ask.Said)
            assert _continues(asked, result.actions), (events[cut - 1], asked, result.actions)
            asked = result.actions
            _start_again(story, execution, cut)


def _continues(before: tuple[ask.Action, ...], after: tuple[ask.Action, ...]) -> bool:
    """Whether the second list begins with the first; a timer may have been cancelled meanwhile, never the reverse."""
    same = [one == two or _is_cancelled(one, two) for one, two in zip(before, after, strict=False)]
    return len(after) >= len(before) and all(same)


def _is_cancelled(before: ask.Action, after: ask.Action) -> bool:
    match before, after:
        case ask.StartTimer(), ask.StartTimer():
            return replace(before, is_cancelled=True) == after
        case ask.WhenAny(members=one), ask.WhenAny(members=two):
            return len(one) == len(two) and _continues(one, two)
        case _:
            return False


def _start_again(story: str, execution: Execution, cut: int) -> None:
    """Start again with what was written up to the cut: the step that was cut is done over, and the rest follows."""
    steps, left = list(execution.steps), cut
    while left > len(steps[0]):
        left -= len(steps.pop(0))
    written, unwritten = execution.events[:cut], steps.pop(0)[left:]
    again: list[ev.Event] = [ev.StepStarted(execution.events[cut - left].at_us)]
    again += [event for event in unwritten if not isinstance(event, _MARKS | _OUTBOUND)]
    _, decision = replayed(story, execution.input, written, again)
    recovered = [*written, *again, *outbound(decision, again[0].at_us), ev.StepCompleted(again[0].at_us)]
    assert _facts(recovered) == _facts(execution.events[: cut + len(unwritten)])
    assert (decision.end or _end_of_the_rest(story, execution.input, recovered, steps)) == execution.end


def _end_of_the_rest(
    story: str, text: str, recovered: Sequence[ev.Event], rest: Sequence[Sequence[ev.Event]]
) -> Ended | Continued | None:
    """Let the rest happen as it did, and return what it came to: one replay sees all of it, as a last step does."""
    past = [*recovered, *(event for step in rest[:-1] for event in step)]
    new = [event for event in rest[-1][:-1] if not isinstance(event, _OUTBOUND)]
    return replayed(story, text, past, new)[1].end


def _facts(events: Sequence[ev.Event]) -> list[ev.Event]:
    """What happened, without when it was written and where a step began or ended."""
    return [replace(event, at_us=0) for event in events if not isinstance(event, _MARKS)]
