"""The processes that run the app's functions, and how they die: everything in them stops between two effects.

Knows no storage and no provider; whatever has an effect asks `acting()` who is at work, and whether it still lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

Death = Literal["worker", "host"]
"""A worker's death fails the activities in it; a host's death lets their messages come back later."""


@dataclass(eq=False)
class Worker:
    """One process."""

    name: str
    is_dead: bool = False
    tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    mourners: list[Callable[[Worker, Death], None]] = field(default_factory=list[Callable[["Worker", Death], None]])

    def run(self, label: str, work: Coroutine[Any, Any, Any], *, job: str | None = None) -> asyncio.Task[Any]:
        """Run something in this process, under a label that names it in every schedule."""

        async def acted() -> Any:
            _actor.set(Actor(self, label, job))
            return await work

        task = asyncio.get_running_loop().create_task(acted())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def die(self, how: Death) -> None:
        """Stop everything here, at once."""
        self.is_dead = True
        for task in list(self.tasks):
            task.cancel()
        for mourner in self.mourners:
            mourner(self, how)


@dataclass
class Actor:
    """One run of a function: where, under which name, for which job, and how many effects it has had."""

    worker: Worker
    label: str
    job: str | None
    effects: int = 0

    def place(self, effect: str) -> str:
        """Name the next effect. A dead process has none."""
        if self.worker.is_dead:
            raise asyncio.CancelledError
        self.effects += 1
        return f"{self.label}/{self.effects}:{effect}"


_actor: ContextVar[Actor] = ContextVar("actor")


def acting() -> Actor:
    """Return who is at work."""
    return _actor.get()


async def dead() -> Any:
    """Wait for the end that has been ordered."""
    await asyncio.Event().wait()
