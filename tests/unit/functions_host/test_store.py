"""Atomic steps and leased activities."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions_host import history as ev
from local.functions_host.decisions import ScheduleActivity, ScheduleTimer
from local.functions_host.rows import InstanceRow, Letter, NewInstance, StepCommit
from local.functions_host.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    store = Store(tmp_path / "store")
    yield store
    store.close()


def create(store: Store, execution_id: str) -> InstanceRow:
    """An instance of the id ``i``."""
    store.create(NewInstance("i", ev.ExecutionStarted(1, "story", None, execution_id, 0, None)))
    row = store.instance("i")
    assert row is not None
    return row


def step(row: InstanceRow, loaded: str, *, status: str = "Running") -> StepCommit:
    """A step that consumes the first message, and schedules an activity, a timer and a child."""
    return StepCommit(
        loaded_execution_id=loaded,
        consumed=[1],
        instance=row._replace(status=status),
        keep_history=0,
        append=[ev.StepStarted(1), ev.StepCompleted(1)],
        activities=[ScheduleActivity(0, "a", "1")],
        timers=[ScheduleTimer(1, 5)],
        children=[NewInstance("kid", ev.ExecutionStarted(1, "kid", None, "k", None, None))],
        letters=[Letter("other", None, ev.EventRaised(1, "E", None))],
    )


def test_step_is_written_as_a_whole(store: Store) -> None:
    """History, messages, activity, timer, child and instance change together."""
    row = create(store, "first")
    work = store.commit(step(row, "first"))
    assert work is not None
    assert [(item.name, item.task_id) for item in work] == [("a", 0)]
    assert store.messages("i") == []
    assert store.history("i") == [ev.StepStarted(1), ev.StepCompleted(1)]
    assert store.next_fire_us() == 5
    assert store.waiting_instances() == ["kid", "other"]
    assert store.instance("i") == row._replace(status="Running")


def test_step_of_a_replaced_execution_writes_nothing(store: Store) -> None:
    """Someone started the id anew while the step was worked out."""
    row = create(store, "first")
    create(store, "second")
    assert store.commit(step(row, "first")) is None
    assert (store.open_work(), store.next_fire_us(), store.history("i")) == ([], None, [])
    assert store.waiting_instances() == ["i"]


def test_step_that_fails_writes_nothing(store: Store) -> None:
    """Whatever goes wrong in the middle, the messages stay for the next try."""
    row = create(store, "first")
    broken = step(row, "first")
    object.__setattr__(broken, "letters", [None])
    with pytest.raises(AttributeError):
        store.commit(broken)
    assert (store.open_work(), store.history("i"), len(store.messages("i"))) == ([], [], 1)


def test_end_of_an_instance_removes_its_timers(store: Store) -> None:
    """Nobody would hear them."""
    row = create(store, "first")
    store.commit(step(row, "first"))
    store.commit(step(row, "first", status="Completed"))
    assert store.next_fire_us() is None


def test_id_used_again_counts_generations(store: Store) -> None:
    """The history is replaced, old timers are gone."""
    row = create(store, "first")
    store.commit(step(row, "first"))
    assert create(store, "second").generation == 1
    assert (store.history("i"), store.next_fire_us()) == ([], None)
    (message,) = store.messages("i")
    assert isinstance(message.event, ev.ExecutionStarted)
    assert message.event.generation == 1


def test_activity_is_finished_once(store: Store) -> None:
    """A second delivery's result is dropped; one that is gone cannot be leased."""
    row = create(store, "first")
    (item,) = store.commit(step(row, "first")) or []
    assert store.lease(item.seq, 7)
    assert store.open_work() == [item._replace(leased_us=7)]
    assert store.finish(item, ev.TaskCompleted(1, 0, None))
    assert not store.finish(item, ev.TaskCompleted(1, 0, None))
    assert not store.lease(item.seq, 8)
    assert [message.event for message in store.messages("i")] == [ev.TaskCompleted(1, 0, None)]
