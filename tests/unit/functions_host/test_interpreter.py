"""The host's own replay, without SDK, clock or storage (functions-host.md, 5.5 and 5.6)."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host import interpreter
from local.functions_host.decisions import (
    Continued,
    Decision,
    Ended,
    ScheduleActivity,
    ScheduleChild,
    Scheduled,
    ScheduleTimer,
    Subject,
)
from local.functions_host.interpreter import decide

SUBJECT = Subject("instance", "execution", "story", lambda name: name != "unknown", lambda name: name != "unknown")
BEGIN: tuple[ev.Event, ...] = (ev.StepStarted(0), ev.ExecutionStarted(0, "story", None, "execution", 0, None))
A, B, C = (ask.CallActivity(name, None) for name in "abc")
WAIT = ask.WaitForEvent("Go")
GO = ev.EventRaised(1, "Go", "1")


def said(*actions: ask.Action, done: bool = False, output: str | None = None, error: str | None = None) -> ask.Said:
    """What a run of the function returned."""
    return ask.Said(actions, is_done=done, output=output, error=error)


def decided(result: ask.RunResult, *new: ev.Event, past: Sequence[ev.Event] = ()) -> Decision:
    """The decision for a history that begins as every history does."""
    return decide(SUBJECT, (*BEGIN, *past), new, result)


def ids(scheduled: Sequence[Scheduled]) -> list[tuple[int, str]]:
    """Numbers and names, timers as 'timer'."""
    return [(item.task_id, "timer" if isinstance(item, ScheduleTimer) else item.name) for item in scheduled]


def scheduled_events(scheduled: Sequence[Scheduled]) -> list[ev.Event]:
    """What a commit writes for them."""
    events: list[ev.Event] = []
    for item in scheduled:
        match item:
            case ScheduleActivity():
                events.append(ev.TaskScheduled(1, item.task_id, item.name))
            case ScheduleTimer():
                events.append(ev.TimerCreated(1, item.task_id, item.fire_us))
            case ScheduleChild():
                events.append(ev.ChildCreated(1, item.task_id, item.name, item.instance_id))
    return events


def test_actions_are_awaited_one_after_the_other() -> None:
    """The second is scheduled when the first has ended, also when it failed."""
    assert ids(decided(said(A, B)).scheduled) == [(0, "a")]
    past = [ev.TaskScheduled(1, 0, "a")]
    assert ids(decided(said(A, B), ev.TaskCompleted(1, 0, None), past=past).scheduled) == [(1, "b")]
    assert ids(decided(said(A, B), ev.TaskFailed(1, 0, "r", "d"), past=past).scheduled) == [(1, "b")]


def test_members_are_scheduled_together() -> None:
    """Numbers are one counter in the order of scheduling; compound actions may be nested."""
    both = ask.WhenAny((ask.WhenAll((A, B)), ask.StartTimer(9, is_cancelled=False)))
    assert ids(decided(said(both, C)).scheduled) == [(0, "a"), (1, "b"), (2, "timer")]


@pytest.mark.parametrize(("kind", "goes_on"), [(ask.WhenAll, False), (ask.WhenAny, True)])
def test_compound_ends_as_its_kind_says(kind: type[ask.WhenAll | ask.WhenAny], *, goes_on: bool) -> None:
    """WhenAll needs all members, whatever failed; WhenAny needs one."""
    past = [ev.TaskScheduled(1, 0, "a"), ev.TaskScheduled(1, 1, "b")]
    decision = decided(said(kind((A, B)), C), ev.TaskFailed(1, 0, "r", "d"), past=past)
    assert ids(decision.scheduled) == ([(2, "c")] if goes_on else [])


@pytest.mark.parametrize("kind", [ask.WhenAll, ask.WhenAny])
def test_empty_compound_ends_at_once(kind: type[ask.WhenAll | ask.WhenAny]) -> None:
    """Nothing to wait for."""
    assert ids(decided(said(kind(()), A)).scheduled) == [(0, "a")]


def test_code_that_returned_waits_for_open_work() -> None:
    """Completed only when every activity, child and uncancelled timer has ended."""
    any_of = ask.WhenAny((A, ask.StartTimer(9, is_cancelled=False)))
    past = [ev.TaskScheduled(1, 0, "a"), ev.TimerCreated(1, 1, 9)]
    result = said(any_of, done=True, output="1")
    assert decided(result, ev.TaskCompleted(1, 0, None), past=past).end is None
    both = (ev.TaskCompleted(1, 0, None), ev.TimerFired(1, 1, 9))
    assert decided(result, *both, past=past).end == Ended("Completed", "1")


def test_cancelled_timer_is_set_but_does_not_hold() -> None:
    """It takes a number and stays in the history."""
    any_of = ask.WhenAny((A, ask.StartTimer(9, is_cancelled=True)))
    past = [ev.TaskScheduled(1, 0, "a"), ev.TimerCreated(1, 1, 9)]
    decision = decided(said(any_of, B, done=True), ev.TaskCompleted(1, 0, None), past=past)
    assert ids(decision.scheduled) == [(2, "b")]
    assert ids(decided(said(ask.StartTimer(9, is_cancelled=True), done=True)).scheduled) == [(0, "timer")]


def test_retry_takes_numbers_for_attempts_and_timers() -> None:
    """Attempt 0, timer 1, attempt 2, and after the last failure a timer that is due now."""
    retry = ask.CallActivity("a", None, ask.Retry(interval_us=500, attempts=2))
    past: list[ev.Event] = [ev.TaskScheduled(1, 0, "a"), ev.StepStarted(1000), ev.TaskFailed(1, 0, "r", "d")]
    first = decided(said(retry, B), past=past)
    assert first.scheduled == (ScheduleTimer(1, 1500),)
    past += [ev.TimerCreated(1, 1, 1500), ev.StepStarted(2000), ev.TimerFired(1, 1, 1500)]
    second = decided(said(retry, B), past=past)
    assert ids(second.scheduled) == [(2, "a")]
    past += [ev.TaskScheduled(1, 2, "a"), ev.StepStarted(3000), ev.TaskFailed(1, 2, "r", "d")]
    assert decided(said(retry, B), past=past).scheduled == (ScheduleTimer(3, 3000),)
    past += [ev.TimerCreated(1, 3, 3000), ev.TimerFired(1, 3, 3000)]
    assert ids(decided(said(retry, B), past=past).scheduled) == [(4, "b")]


def test_child_gets_a_derived_or_its_own_id() -> None:
    """Execution id and number, unless one was given."""
    both = ask.WhenAll((ask.CallChild("k", None, None), ask.CallChild("k", None, "own")))
    children = decided(said(both)).scheduled
    assert [item.instance_id for item in children if isinstance(item, ScheduleChild)] == ["execution:0", "own"]


def test_early_events_wait_in_a_queue() -> None:
    """Each wait takes one, names compared without case."""
    past = [ev.TaskScheduled(1, 0, "a")]
    new = (GO, ev.EventRaised(1, "GO", "2"), ev.TaskCompleted(1, 0, None))
    assert ids(decided(said(A, WAIT, WAIT, B), *new, past=past).scheduled) == [(1, "b")]
    assert ids(decided(said(A, WAIT, WAIT, WAIT, B), *new, past=past).scheduled) == []


def test_waiters_are_a_stack() -> None:
    """Of two open waits, one event serves the last."""
    both = ask.WhenAny((WAIT, ask.WhenAll((WAIT, A))))
    assert ids(decided(said(both, B), ev.TaskScheduled(1, 0, "a"), GO).scheduled) == []
    again = decided(said(both, B), ev.TaskScheduled(1, 0, "a"), GO, GO)
    assert ids(again.scheduled) == [(1, "b")]


def test_events_after_continue_as_new_are_carried() -> None:
    """Once the code has asked for it, what comes belongs to the next execution; what waited unread is lost."""
    decision = decided(said(WAIT, ask.ContinueAsNew("2"), done=True), GO, ev.EventRaised(1, "Late", "x"))
    assert decision.end == Continued("2", (ev.EventRaised(1, "Late", "x"),))
    past = [ev.TaskScheduled(1, 0, "a")]
    early = decided(said(A, ask.ContinueAsNew("2"), done=True), GO, ev.TaskCompleted(1, 0, None), past=past)
    assert early.end == Continued("2", ())


def test_cancelled_timer_lets_an_event_be_seen_twice() -> None:
    """The host finds the pair finished before it meets the event, so the event is carried over (section 18)."""
    pair = ask.WhenAny((ask.StartTimer(9, is_cancelled=True), WAIT))
    decision = decided(said(pair, ask.ContinueAsNew("2"), done=True), ev.TimerCreated(1, 0, 9), GO)
    assert decision.end == Continued("2", (GO,))


def test_continue_as_new_waits_for_open_work() -> None:
    """As any other end does."""
    pair = ask.WhenAny((A, B))
    past = [ev.TaskScheduled(1, 0, "a"), ev.TaskScheduled(1, 1, "b")]
    result = said(pair, ask.ContinueAsNew("2"), done=True)
    assert decided(result, ev.TaskCompleted(1, 0, None), past=past).end is None


def test_suspended_execution_parks_what_comes() -> None:
    """The completion counts after the resumption; what was to be scheduled then is scheduled now."""
    past = [ev.TaskScheduled(1, 0, "a"), ev.ExecutionSuspended(1, None)]
    assert decided(said(A, B), ev.TaskCompleted(1, 0, None), past=past).scheduled == ()
    resumed = decided(said(A, B), ev.TaskCompleted(1, 0, None), ev.ExecutionResumed(1, None), past=past)
    assert ids(resumed.scheduled) == [(1, "b")]


def test_suspension_holds_back_what_its_own_step_asked_for() -> None:
    """A completion and a suspension in one step: nothing is scheduled until the resumption."""
    past = [ev.TaskScheduled(1, 0, "a")]
    both = (ev.TaskCompleted(1, 0, None), ev.ExecutionSuspended(1, None))
    assert decided(said(A, B), *both, past=past).scheduled == ()
    later = decided(said(A, B), ev.ExecutionResumed(1, None), past=[*past, *both])
    assert ids(later.scheduled) == [(1, "b")]


def test_termination_ends_at_once() -> None:
    """Also while suspended, and whatever is open."""
    past = [ev.TaskScheduled(1, 0, "a"), ev.ExecutionSuspended(1, None)]
    assert decided(said(A), ev.ExecutionTerminated(1, "why"), past=past).end == Ended("Terminated", "why")


def test_failure_waits_for_its_actions() -> None:
    """A run that raised is failed when the actions before have ended, and open work too."""
    result = said(A, done=True, error="bug")
    assert decided(result).end is None
    past = [ev.TaskScheduled(1, 0, "a")]
    end = decided(result, ev.TaskCompleted(1, 0, None), past=past).end
    assert end == Ended("Failed", "Orchestrator function 'story' failed: bug")


def test_crashed_run_fails_with_its_text_only_in_the_first_step() -> None:
    """Later it asks for nothing where the history has something: that looks like changed code."""
    assert decided(ask.Crashed("dead")).end == Ended("Failed", "Orchestrator function 'story' failed: dead")
    end = decided(ask.Crashed("dead"), past=[ev.TaskScheduled(1, 0, "a")]).end
    assert isinstance(end, Ended)
    assert "hasn't (yet?) scheduled this task" in str(end.result)


@pytest.mark.parametrize(
    ("event", "action", "told"),
    [
        (ev.TaskScheduled(1, 0, "b"), A, "instead scheduled one named 'a'"),
        (ev.TaskScheduled(1, 0, "a"), ask.StartTimer(9, is_cancelled=False), "a CreateTimerOrchestratorAction action"),
        (ev.TimerCreated(1, 0, 9), A, "a timer task with sequence number 0"),
        (ev.TimerCreated(1, 0, 9), WAIT, "hasn't (yet?) scheduled this task"),
        (ev.ChildCreated(1, 0, "k", "x"), A, "named 'k', but"),
        (ev.ChildCreated(1, 0, "k", "x"), WAIT, "instance ID 'x'"),
    ],
)
def test_history_that_does_not_fit_fails(event: ev.Event, action: ask.Action, told: str) -> None:
    """Kind and name of every scheduled task must come again under its number."""
    end = decided(said(action), past=[event]).end
    assert isinstance(end, Ended)
    assert end.result is not None
    assert end.result.startswith("Non-Deterministic workflow detected: A previous execution")
    assert told in end.result


@pytest.mark.parametrize(
    "action",
    [ask.CallActivity("unknown", None), ask.CallChild("unknown", None, None), ask.CallChild("k", None, "instance")],
)
def test_what_hangs_on_azure_fails_here(action: ask.Action) -> None:
    """Unknown functions, and a child with its parent's own id."""
    end = decided(said(action)).end
    assert isinstance(end, Ended)
    assert "would stay Running for ever" in str(end.result)


def test_too_many_actions_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's limit of actions ends the instance with an error; up to it, all is well."""
    monkeypatch.setattr(interpreter, "ACTION_LIMIT", 2)
    assert decided(said(ask.WhenAll((A, B)))).end is None
    end = decided(said(ask.WhenAll((A, B, C)))).end
    assert isinstance(end, Ended)
    assert (end.status, "Maximum amount of orchestration actions (2)" in str(end.result)) == ("Failed", True)


def test_duplicates_and_strays_are_ignored() -> None:
    """A completion that nothing waits for changes nothing."""
    past = [ev.TaskScheduled(1, 0, "a"), ev.TaskCompleted(1, 0, None), ev.TaskScheduled(1, 1, "b")]
    decision = decided(said(A, B), ev.TaskCompleted(1, 0, None), ev.TimerFired(1, 7, 9), past=past)
    assert (decision.scheduled, decision.end) == ((), None)


atoms = st.sampled_from([A, B, C, WAIT, ask.StartTimer(9, is_cancelled=False), ask.StartTimer(9, is_cancelled=True)])
compounds = st.lists(atoms, max_size=3).map(tuple)
programs = st.lists(atoms | compounds.map(ask.WhenAll) | compounds.map(ask.WhenAny), max_size=6)


@given(programs, st.randoms())
def test_every_task_is_scheduled_once_and_every_program_ends(program: list[ask.Action], random: object) -> None:
    """Whatever order things end in: no number twice, replay asks for nothing again, and the end comes."""
    result = said(*program, done=True, output="1")
    past: list[ev.Event] = []
    new: list[ev.Event] = []
    waiting: list[ev.Event] = []
    for _ in range(60):
        decision = decided(result, *new, past=past)
        past += new + scheduled_events(decision.scheduled)
        assert decided(result, past=past).scheduled == ()
        if decision.end is not None:
            break
        for item in decision.scheduled:
            is_timer = isinstance(item, ScheduleTimer)
            waiting.append(ev.TimerFired(1, item.task_id, 9) if is_timer else ev.TaskCompleted(1, item.task_id, None))
        new = [waiting.pop(random.randrange(len(waiting)))] if waiting else [GO]  # type: ignore[attr-defined]
    numbers = [event.task_id for event in past if isinstance(event, ev.TaskScheduled | ev.TimerCreated)]
    assert numbers == list(range(len(numbers)))
    assert decided(result, past=past).end == Ended("Completed", "1")
