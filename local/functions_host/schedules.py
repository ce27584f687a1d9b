"""Runs timer functions at their slots: past due and run-on-startup as the real host does, one run of a function at a
time.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.functions_host.cron import CronError, Schedule, parse_schedule
from local.functions_host.instants import exact, from_datetime, now_us, to_datetime
from local.functions_host.invoker import AppError, Extras, Function, InvocationError, Invoker
from local.functions_host.store import Store

_NEVER = "0001-01-01T00:00:00+00:00"
_MONITORED_FROM = timedelta(minutes=1)

_log = logging.getLogger("host.timers")


@dataclass(slots=True)
class _Timer:
    function: Function
    schedule: Schedule
    is_monitored: bool
    last_us: int | None
    next_us: int
    updated_us: int | None


class Schedules:
    """All timer functions of the app."""

    def __init__(self, store: Store, invoker: Invoker, functions: Sequence[Function], *, durable_client: str) -> None:
        self._store = store
        self._invoker = invoker
        self._extras = Extras(durable_client=durable_client)
        self._timers = [
            self._timer(function)
            for function in functions
            if function.trigger_type == "timerTrigger" and function.is_callable
        ]

    async def work(self) -> None:
        """Run timer functions for ever."""
        await asyncio.gather(*(self._tick(timer) for timer in self._timers))

    def _timer(self, function: Function) -> _Timer:
        try:
            schedule = parse_schedule(str(function.trigger["schedule"]))
            first = schedule.after(to_datetime(now_us()))
            second = schedule.after(first)
        except CronError as error:
            raise AppError(f"Function '{function.name}' cannot be loaded: its schedule is wrong: {error}.") from error
        wants_monitor = function.trigger.get("useMonitor") is not False
        is_monitored = wants_monitor and second - first >= _MONITORED_FROM
        kept = self._store.schedule(function.name) if is_monitored else None
        last_us, next_us, updated_us = kept or (None, from_datetime(first), None)
        return _Timer(function, schedule, is_monitored, last_us, next_us, updated_us)

    async def _tick(self, timer: _Timer) -> None:
        if timer.next_us <= now_us():
            await self._run(timer, is_past_due=True)
        elif timer.function.trigger.get("runOnStartup"):
            await self._run(timer, is_past_due=False)
        elif timer.is_monitored:
            self._store.save_schedule(timer.function.name, timer.last_us, timer.next_us, timer.updated_us)
        while True:
            await asyncio.sleep(max(0.0, (timer.next_us - now_us()) / 1_000_000))
            await self._run(timer, is_past_due=False)

    async def _run(self, timer: _Timer, *, is_past_due: bool) -> None:
        name = timer.function.name
        started_us = now_us()
        payload = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": _status(timer) if timer.is_monitored else None,
            "IsPastDue": is_past_due,
        }
        _log.info("%s: runs%s", name, ", past due" if is_past_due else "")
        try:
            await self._invoker.timer(name, json.dumps(payload), self._extras)
        except InvocationError as error:
            _log.error("%s: failed", name, exc_info=error.__cause__ or error)
        timer.last_us = timer.updated_us = started_us
        timer.next_us = from_datetime(timer.schedule.after(to_datetime(max(now_us(), timer.next_us - 1))))
        if timer.is_monitored:
            self._store.save_schedule(name, timer.last_us, timer.next_us, timer.updated_us)


def _status(timer: _Timer) -> dict[str, Any]:
    return {
        "Last": _NEVER if timer.last_us is None else exact(timer.last_us, "+00:00"),
        "Next": exact(timer.next_us, "+00:00"),
        "LastUpdated": _NEVER if timer.updated_us is None else exact(timer.updated_us, "+00:00"),
    }
