"""Handing out activities, and stopping."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from local.functions_host import history as ev
from local.functions_host.activities import Activities
from local.functions_host.decisions import ScheduleActivity
from local.functions_host.disorder import Disorder
from local.functions_host.rows import NewInstance, StepCommit, WorkItem
from local.functions_host.store import Store


class FakeFunctions:
    """Activities that run until they are let go."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.let_go = asyncio.Event()

    async def run(self, item: WorkItem) -> str:
        """Note the start and wait."""
        self.started.append(item.name)
        await self.let_go.wait()
        return "1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one instance that has two activities, ``a`` and ``b``."""
    store = Store(tmp_path / "store")
    store.create(NewInstance("i", ev.ExecutionStarted(1, "story", None, "x", 0, None)))
    row = store.instance("i")
    assert row is not None
    both = [ScheduleActivity(0, "a", None), ScheduleActivity(1, "b", None)]
    store.commit(StepCommit("x", [1], row, 0, append=[], activities=both, timers=[], children=[], letters=[]))
    yield store
    store.close()


async def until(look: Callable[[], bool]) -> None:
    """Let the loop turn until it is so."""
    async with asyncio.timeout(5):
        while not look():  # noqa: ASYNC110 - the code under test tells nobody
            await asyncio.sleep(0)


async def test_stop_starts_nothing_more_and_gives_back_what_runs(store: Store) -> None:
    """What runs past the grace is unleased, what waits stays as it was: the next host runs both at once."""
    functions = FakeFunctions()
    activities = Activities(store, functions.run, wake=_nobody, disorder=Disorder())
    activities.hand_out(store.open_work())
    worker = asyncio.create_task(activities.work())
    await until(lambda: functions.started == ["a"])
    assert [item.leased_us is None for item in store.open_work()] == [False, True]
    await activities.drain(0.01)
    assert [item.leased_us for item in store.open_work()] == [None, None]
    functions.let_go.set()
    await until(lambda: len(store.open_work()) == 1)
    assert functions.started == ["a"]
    worker.cancel()


async def test_interrupted_activities_wait_and_others_do_not(store: Store) -> None:
    """After a crash, what had been started runs again after the redelivery time; the rest at once."""
    functions = FakeFunctions()
    store.lease(store.open_work()[0].seq, 1)
    activities = Activities(store, functions.run, wake=_nobody, disorder=Disorder())
    again = asyncio.create_task(activities.hand_out_again(store.open_work(), redelivery_s=3600))
    workers = [asyncio.create_task(activities.work()) for _ in range(2)]
    await until(lambda: functions.started == ["b"])
    assert not again.done()
    for task in (again, *workers):
        task.cancel()


def _nobody(instance_ids: Iterable[str]) -> None:
    assert list(instance_ids) == ["i"]
