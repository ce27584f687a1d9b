"""Runs activities: at least once each, leased while they run, handed out again after a crash.

Knows nothing of orchestrations.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from local.functions_host import history as ev
from local.functions_host.disorder import Disorder
from local.functions_host.instants import now_us
from local.functions_host.invoker import InvocationError
from local.functions_host.json_text import compact
from local.functions_host.large_values import warn_if_large
from local.functions_host.rows import WorkItem
from local.functions_host.store import Store

_log = logging.getLogger("host.activities")

RunActivity = Callable[[WorkItem], Awaitable[str]]


class _Delivery(NamedTuple):
    """A copy runs even when the first delivery has ended; its result is dropped."""

    item: WorkItem
    is_copy: bool


class Activities:
    """The activity side of the engine."""

    def __init__(
        self, store: Store, run: RunActivity, *, wake: Callable[[Iterable[str]], None], disorder: Disorder
    ) -> None:
        self._store = store
        self._run = run
        self._wake = wake
        self._disorder = disorder
        self._ready: asyncio.Queue[_Delivery] = asyncio.Queue()
        self._running: set[int] = set()
        self._is_open = True
        self._idle = asyncio.Event()

    def hand_out(self, items: Sequence[WorkItem]) -> None:
        """These activities are to run."""
        for item in items:
            for number, after_s in enumerate(self._disorder.deliveries_s(item)):
                self._deliver(_Delivery(item, is_copy=number > 0), after_s)

    async def hand_out_again(self, items: Sequence[WorkItem], redelivery_s: float) -> None:
        """Take up what a previous host left: what it had not started at once, what it had started after the wait."""
        self.hand_out([item for item in items if item.leased_us is None])
        interrupted = [item for item in items if item.leased_us is not None]
        if interrupted:
            _log.info("%d interrupted activities run again in %g s", len(interrupted), redelivery_s)
            await asyncio.sleep(redelivery_s)
            self.hand_out(interrupted)

    async def work(self) -> None:
        """Run activities for ever; as many of these run side by side as host.json allows."""
        while True:
            item, is_copy = await self._ready.get()
            if not self._is_open or not (self._store.lease(item.seq, now_us()) or is_copy):
                continue  # stopping, and the next host finds it; or purged meanwhile
            self._running.add(item.seq)
            event = await self._outcome(item)
            self._running.discard(item.seq)
            if self._store.finish(item, event):
                self._wake([item.instance_id])
            else:
                _log.info("%s: %s (task %d) had ended before", item.instance_id, item.name, item.task_id)
            if not self._running:
                self._idle.set()

    async def drain(self, grace_s: float) -> None:
        """Start nothing more, give what runs a moment to end, and leave the rest to the next host, at once."""
        self._is_open = False
        self._idle.clear()
        if self._running:
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._idle.wait()
        for seq in self._running:
            self._store.lease(seq, None)

    def _deliver(self, delivery: _Delivery, after_s: float) -> None:
        if after_s:
            asyncio.get_running_loop().call_later(after_s, self._ready.put_nowait, delivery)
        else:
            self._ready.put_nowait(delivery)

    async def _outcome(self, item: WorkItem) -> ev.Inbound:
        try:
            result = await self._run(item)
        except InvocationError as error:
            _log.warning(
                "%s: activity %s failed: %s",
                item.instance_id,
                item.name,
                error.reason.strip(),
                exc_info=error.__cause__,
            )
            reason = f"Activity function '{item.name}' failed: {error.reason}"
            return ev.TaskFailed(now_us(), item.task_id, reason, _details(error))
        warn_if_large(item.instance_id, f"the result of {item.name}", result)
        value = json.loads(result)
        return ev.TaskCompleted(now_us(), item.task_id, None if value is None else compact(value))


def _details(error: InvocationError) -> str:
    """The exception as JSON text. Its exact shape is no contract (host-traces/README.md)."""
    return compact(
        {
            "$type": "System.Exception, System.Private.CoreLib",
            "ClassName": "System.Exception",
            "Message": error.reason,
            "InnerException": {"RemoteStackTrace": error.stack, "RemoteMessage": str(error), "Message": error.report},
        }
    )
