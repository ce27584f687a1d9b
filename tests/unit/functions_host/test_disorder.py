"""What is drawn for a place: the same for the same seed, and within what was asked for."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions_host import history as ev
from local.functions_host.disorder import SECOND_US, Death, Disorder
from local.functions_host.rows import Message, WorkItem

PLACES = 400


def raised(seq: int, at_us: int = 0) -> Message:
    """An event that was sent at a time."""
    return Message(seq, None, ev.EventRaised(at_us, f"event {seq}", None))


def activity(seq: int) -> WorkItem:
    """An activity."""
    return WorkItem(seq, "i", "x", 0, "a", None, None)


def names(messages: Sequence[Message]) -> list[int]:
    """The numbers of messages."""
    return [message.seq for message in messages]


def test_without_arguments_nothing_is_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message is there, in its order, once, and nobody dies; nothing is even drawn, so calm costs nothing."""
    monkeypatch.setattr("local.functions_host.disorder.Random", None)
    calm = Disorder()
    messages = [raised(2, at_us=5), raised(1, at_us=SECOND_US)]
    assert calm.arrived(messages, 0) == (messages, None)
    assert {tuple(calm.deliveries_s(activity(seq))) for seq in range(PLACES)} == {(0.0,)}
    assert {calm.death(str(place)) for place in range(PLACES)} == {None}
    assert (calm.earliness_us, calm.due_us(1, 2_500_000)) == (0, 2_500_000)


def test_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    """A place's fate is a function of the seed and of its name."""

    def fates(seed: int) -> list[object]:
        disorder = Disorder(latency_s=(0.1, 1), duplicate_chance=0.5, death_chance=0.5, seed=seed)
        return [(disorder.deliveries_s(activity(n)), disorder.death(f"a {n}")) for n in range(PLACES)]

    assert fates(7) == fates(7)
    assert sum(one == other for one, other in zip(fates(7), fates(8), strict=True)) == 0


@given(st.integers(1, 10**6), st.floats(0.001, 5), st.floats(0, 5), st.integers())
def test_message_arrives_within_the_range(seq: int, shortest: float, more: float, seed: int) -> None:
    """No message is there before MIN, and none is missing after MAX."""
    disorder = Disorder(latency_s=(shortest, shortest + more), seed=seed)
    too_early, in_time = round(shortest * SECOND_US) - 2, round((shortest + more) * SECOND_US) + 2
    here, next_us = disorder.arrived([raised(seq)], too_early)
    assert (here, too_early < (next_us or 0) <= in_time) == ([], True)
    assert disorder.arrived([raised(seq)], in_time) == ([raised(seq)], None)


def test_messages_overtake_each_other_but_not_the_start() -> None:
    """What was sent together arrives in another order; an execution hears of nothing before it has begun."""
    disorder = Disorder(latency_s=(0, 1))
    events = [raised(seq) for seq in range(2, 30)]
    overtaking, _ = disorder.arrived(events, SECOND_US)
    assert names(overtaking) != names(events)
    assert sorted(names(overtaking)) == names(events)
    start = Message(1, "x", ev.ExecutionStarted(0, "story", None, "x", 0, None))
    for at_us in range(0, SECOND_US, 1000):
        here, _ = disorder.arrived([start, *events], at_us)
        assert names(here)[:1] in ([], [1])


def test_message_that_has_not_arrived_tells_when_it_does() -> None:
    """At that time it is there, and not before."""
    disorder = Disorder(latency_s=(0.2, 1))
    _, next_us = disorder.arrived([raised(1)], 0)
    assert next_us is not None
    assert disorder.arrived([raised(1)], next_us - 1) == ([], next_us)
    assert disorder.arrived([raised(1)], next_us) == ([raised(1)], None)


def test_timer_is_sent_when_it_fires() -> None:
    """The latency of a timer's message counts from its due time, though it is stamped with its creation."""
    disorder = Disorder(latency_s=(1, 1), has_early_timers=True)
    fired = Message(1, "x", ev.TimerFired(0, 0, 3_900_000))
    assert disorder.arrived([fired], 3_999_999) == ([], 4_000_000)


@pytest.mark.parametrize(
    ("asked_s", "got_s"), [(-1.0, -1), (0.5, 0), (0.999, 0), (1.5, 1), (1.99, 1), (2.99, 2), (10, 10)]
)
def test_early_timer_waits_whole_seconds(asked_s: float, got_s: int) -> None:
    """The fraction is cut: up to a second early, a timer of less than a second at once (trace timer-precision)."""
    created_us = 1_700_000_000_123_456
    due_us = Disorder(has_early_timers=True).due_us(created_us, created_us + round(asked_s * SECOND_US))
    assert due_us == created_us + got_s * SECOND_US


def test_duplicates_come_as_often_as_asked_at_one_time_and_later() -> None:
    """About P of the activities come twice, about half of these at the same time."""
    disorder = Disorder(duplicate_chance=0.5)
    deliveries = [disorder.deliveries_s(activity(seq)) for seq in range(PLACES)]
    twice = [times for times in deliveries if len(times) == 2]
    assert PLACES * 0.4 < len(twice) < PLACES * 0.6
    together = sum(first == second for first, second in twice)
    assert len(twice) * 0.35 < together < len(twice) * 0.65


def test_deaths_come_as_often_as_asked_before_and_after_the_effect() -> None:
    """About P of the calls kill, about half of these before they have done anything."""
    counted = Counter(Disorder(death_chance=0.5).death(f"a {n}") for n in range(PLACES))
    assert PLACES * 0.4 < counted[None] < PLACES * 0.6
    assert counted[Death.FIRST] > PLACES * 0.15
    assert counted[Death.LAST] > PLACES * 0.15
