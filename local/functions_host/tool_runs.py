"""Runs a function because a tool asked for it; how it ended, only the log tells. Knows no HTTP of its own."""

import asyncio
import json
import logging

from local.functions_host.invoker import Extras, Function, HttpCall, InvocationError, Invoker

RUNNABLE = frozenset({"activityTrigger", "httpTrigger", "queueTrigger", "timerTrigger"})

_log = logging.getLogger("host.tools")


class ToolRuns:
    """Functions that were started by hand and still run."""

    def __init__(self, invoker: Invoker, *, durable_client: str) -> None:
        self._invoker = invoker
        self._extras = Extras(durable_client=durable_client)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, function: Function, text: str, url: str) -> None:
        """Start a function of a kind in RUNNABLE with this text as its trigger; ``url`` is what an HTTP one sees."""
        task = asyncio.create_task(self._run(function, text, url))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, function: Function, text: str, url: str) -> None:
        name = function.name
        _log.info("%s: runs, as a tool asked", name)
        try:
            match function.trigger_type:
                case "activityTrigger":
                    await self._invoker.activity(name, text, self._extras)
                case "queueTrigger":
                    await self._invoker.queue(name, text, self._extras)
                case "timerTrigger":
                    payload = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}
                    await self._invoker.timer(name, json.dumps(payload), self._extras)
                case _:
                    call = HttpCall("POST", url, {"content-type": "application/json"}, {}, {}, text.encode())
                    await self._invoker.http(name, call, self._extras)
        except InvocationError as error:
            _log.error("%s: failed", name, exc_info=error.__cause__ or error)
