"""Puts the parts of the host together, serves them, and stops them in order. Decides nothing about functions or orchestrations."""

import asyncio
import logging
import signal
import socket
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from local.functions_host.activities import Activities
from local.functions_host.admin_api import AdminApi
from local.functions_host.client import OrchestrationClient
from local.functions_host.dialect_v1 import JsonDialect
from local.functions_host.durable_api import DurableApi
from local.functions_host.durable_binding import DurableLinks
from local.functions_host.front import Front
from local.functions_host.host_settings import HostSettings
from local.functions_host.http_triggers import HttpTriggers, routes_of
from local.functions_host.in_process import InProcessInvoker
from local.functions_host.invoker import Extras, Function
from local.functions_host.keys import Keys
from local.functions_host.orchestrations import Orchestrations
from local.functions_host.schedules import Schedules
from local.functions_host.store import Store, WorkItem
from local.functions_host.timers import Timers

_GRACE_S = 2.0

_log = logging.getLogger("host")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line decides."""

    app: Path
    redelivery_s: float


class DurableFunctions:
    """The app's durable functions by name, compared without case as the extension does."""

    def __init__(self, functions: Sequence[Function]) -> None:
        self._orchestrators = _by_name(functions, "orchestrationTrigger", "orchestration")
        self._activities = _by_name(functions, "activityTrigger", "activity")

    def orchestrator(self, name: str) -> str | None:
        """The function behind an orchestrator's name, or None."""
        return self._orchestrators.get(name.casefold())

    def activity(self, name: str) -> str | None:
        """The function behind an activity's name, or None."""
        return self._activities.get(name.casefold())

    def orchestrators(self) -> Sequence[str]:
        """All orchestrator functions."""
        return list(self._orchestrators.values())


def _by_name(functions: Sequence[Function], trigger_type: str, alias: str) -> dict[str, str]:
    return {
        str(function.trigger.get(alias) or function.name).casefold(): function.name
        for function in functions
        if function.trigger_type == trigger_type and not function.is_disabled
    }


class Host:
    """One running host."""

    def __init__(
        self,
        options: Options,
        settings: HostSettings,
        store: Store,
        keys: Keys | None,
        sockets: tuple[socket.socket, socket.socket],
        links: DurableLinks,
    ) -> None:
        self._options = options
        self._settings = settings
        self._store = store
        self._sockets = sockets
        self._links = links
        self._invoker = InProcessInvoker(
            options.app, time_limit_s=settings.function_timeout_s, time_limit_text=settings.function_timeout
        )
        self.functions = self._invoker.load()
        self._durable = DurableFunctions(self.functions)
        routes = routes_of(self.functions)
        self._activities = Activities(store, self._run_activity, wake=self._wake)
        self._timers = Timers(store, wake=self._wake)
        self._orchestrations = Orchestrations(
            store,
            self._invoker,
            JsonDialect(),
            self._durable,
            hand_out=self._activities.hand_out,
            timers_changed=self._timers.changed,
        )
        self._schedules = Schedules(store, self._invoker, self.functions, durable_client=links.binding())
        self._front = Front(
            DurableApi(OrchestrationClient(store, wake=self._wake), links),
            AdminApi(self.functions, keys, links, settings.route_prefix),
            HttpTriggers(
                routes, self._invoker, prefix=settings.route_prefix, keys=keys, durable_client=links.binding()
            ),
            keys,
            links,
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop within a few seconds."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        servers = [_server(self._front.serve_public), _server(self._front.serve_loopback)]
        tasks = [asyncio.create_task(work) for work in self._work()]
        serving = [
            asyncio.create_task(server.serve(sockets=[own])) for server, own in zip(servers, self._sockets, strict=True)
        ]
        _log.info("listening on %s with %d functions", self._links.public_origin, len(self.functions))
        await stopping.wait()
        await self._stop(servers, serving, tasks)

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        self._wake(self._store.waiting_instances())
        return [
            self._activities.hand_out_again(self._store.open_work(), self._options.redelivery_s),
            self._timers.work(),
            self._schedules.work(),
            *(self._orchestrations.work() for _ in range(self._settings.max_orchestrators)),
            *(self._activities.work() for _ in range(self._settings.max_activities)),
        ]

    async def _stop(
        self, servers: list[uvicorn.Server], serving: list[asyncio.Task[None]], tasks: list[asyncio.Task[None]]
    ) -> None:
        _log.info("stopping")
        for server in servers:
            server.should_exit = True
        deadline = asyncio.get_running_loop().time() + _GRACE_S
        while self._activities.running and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.wait(serving, timeout=_GRACE_S)
        self._activities.give_back()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._invoker.close()
        self._store.close()

    def _wake(self, instance_ids: Iterable[str]) -> None:
        self._orchestrations.wake(instance_ids)

    async def _run_activity(self, item: WorkItem) -> str:
        name = self._durable.activity(item.name) or item.name
        return await self._invoker.activity(name, item.input, Extras(durable_client=self._links.binding()))


class _Server(uvicorn.Server):
    """Signals are the host's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _server(app: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)
