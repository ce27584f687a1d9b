"""A worker process that dies now and then, and takes every call in flight with it (functions-host-measured.md, 9, 19).

Wraps the invoker that makes the calls; which call kills it is drawn elsewhere.
"""

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from local.functions_host.disorder import Death, Disorder
from local.functions_host.invoker import Extras, Function, HttpCall, HttpReply, Invoker, WorkerExitError

DEATHS_UNTIL_HOST_EXITS = 3
KILLED = 137
_NEW_WORKER_S = 0.5  # as long as HTTP calls were seen to wait

_log = logging.getLogger("host.worker")

Result = TypeVar("Result")


class MortalWorker:
    """An invoker whose activities and orchestrator steps may kill it; whatever else is in flight then fails too.

    The functions live in this process: what is cut while it waits is cancelled, what computes in a thread runs on to
    its end, unheard; variables of modules keep their values.
    """

    def __init__(self, invoker: Invoker, disorder: Disorder, *, first_call: int, exit_host: Callable[[], None]) -> None:
        self._invoker = invoker
        self._disorder = disorder
        self._first_call = first_call  # a host that was started again meets other draws than before
        self._exit_host = exit_host
        self._calls: Counter[str] = Counter()
        self._deaths = 0
        self._is_alive = asyncio.Event()
        self._begin()

    def load(self) -> Sequence[Function]:
        """Import and check the app."""
        return self._invoker.load()

    async def http(self, name: str, call: HttpCall, extras: Extras) -> HttpReply:
        """Call an HTTP function, which dies with the worker."""
        return await self._live(lambda: self._invoker.http(name, call, extras))

    async def activity(self, name: str, payload: str | None, extras: Extras) -> str:
        """Call an activity, which may kill the worker."""
        return await self._live(lambda: self._invoker.activity(name, payload, extras), self._draw(name))

    async def orchestrator(self, name: str, payload: str, extras: Extras) -> str:
        """Run one step of an orchestrator function, which may kill the worker."""
        return await self._live(lambda: self._invoker.orchestrator(name, payload, extras), self._draw(name))

    async def timer(self, name: str, payload: str, extras: Extras) -> None:
        """Call a timer function, which dies with the worker."""
        await self._live(lambda: self._invoker.timer(name, payload, extras))

    async def queue(self, name: str, body: str, extras: Extras) -> None:
        """Call a queue function, which dies with the worker."""
        await self._live(lambda: self._invoker.queue(name, body, extras))

    def close(self) -> None:
        """Let go of threads and loops."""
        self._invoker.close()

    def _draw(self, name: str) -> Death | None:
        self._calls[name] += 1
        return self._disorder.death(f"{name} {self._first_call + self._calls[name]}")

    async def _live(self, call: Callable[[], Coroutine[Any, Any, Result]], death: Death | None = None) -> Result:
        await self._is_alive.wait()
        end = self._end
        if death is Death.FIRST:
            self._die(KILLED)
            raise WorkerExitError(sys.executable, KILLED)
        work = asyncio.ensure_future(call())
        try:
            await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            work.cancel()
        failure = work.exception() if work.done() else None
        if isinstance(failure, WorkerExitError):  # the function ended the process itself
            self._die(failure.code)
        elif death is Death.LAST:
            self._die(KILLED)
        if end.done():
            raise WorkerExitError(sys.executable, end.result())
        return work.result()

    def _begin(self) -> None:
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._is_alive.set()

    def _die(self, code: int) -> None:
        if self._end.done():
            return
        self._deaths += 1
        self._is_alive.clear()
        self._end.set_result(code)
        if self._deaths < DEATHS_UNTIL_HOST_EXITS:
            _log.warning("the worker exited with code %d; a new one comes in %g s", code, _NEW_WORKER_S)
            asyncio.get_running_loop().call_later(_NEW_WORKER_S, self._begin)
            return
        _log.critical("the worker exited with code %d, for the third time: the host exits, too", code)
        self._exit_host()
