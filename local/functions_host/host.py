"""Puts the parts of the host together, serves them, and stops them in order.

Decides nothing about functions or orchestrations.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Coroutine, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from local.functions_host.activities import Activities
from local.functions_host.admin_api import AdminApi
from local.functions_host.client import OrchestrationClient
from local.functions_host.dialect_v1 import JsonDialect
from local.functions_host.disorder import CALM, Disorder
from local.functions_host.durable_api import DurableApi
from local.functions_host.durable_binding import DurableLinks
from local.functions_host.front import Front
from local.functions_host.history import NO_TRACE
from local.functions_host.host_settings import HostSettings
from local.functions_host.http_activity import call_http
from local.functions_host.http_triggers import HttpTriggers, routes_of
from local.functions_host.in_process import InProcessInvoker
from local.functions_host.inspector.functions import describe
from local.functions_host.inspector.inspector import PAGE_PATH, Inspector
from local.functions_host.interpreter import HTTP_ACTIVITY
from local.functions_host.invoker import Extras, Function, Invoker
from local.functions_host.keys import Keys
from local.functions_host.mortal_worker import MortalWorker
from local.functions_host.orchestrations import Orchestrations
from local.functions_host.queue_triggers import QueueTriggers
from local.functions_host.rows import WorkItem
from local.functions_host.schedules import Schedules
from local.functions_host.store import Store
from local.functions_host.timers import Timers
from local.functions_host.tool_runs import ToolRuns

_GRACE_S = 2.0
# Kestrel's, and longer than any client keeps a connection: else one that is closed as it is taken resets a POST.
_KEEP_ALIVE_S = 130

_log = logging.getLogger("host")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and where: decided by the command line and the settings. Without keys, nobody is asked for one."""

    app: Path
    settings: HostSettings
    redelivery_s: float
    keys: Keys | None
    public: socket.socket
    loopback: socket.socket
    links: DurableLinks
    disorder: Disorder = CALM
    invoker: type[InProcessInvoker] = InProcessInvoker


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
        if function.trigger_type == trigger_type and function.is_callable
    }


class Host:
    """One running host."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan = plan
        self._store = store
        settings, binding = plan.settings, plan.links.binding()
        self._stopping = asyncio.Event()
        self._failed = False
        self._invoker: Invoker = plan.invoker(
            plan.app, time_limit_s=settings.function_timeout_s, time_limit_text=settings.function_timeout
        )
        if plan.disorder.death_chance:
            self._invoker = MortalWorker(self._invoker, plan.disorder, first_call=store.sent(), exit_host=self._fail)
        self._functions = self._invoker.load()
        self._durable = DurableFunctions(self._functions)
        self._activities = Activities(store, self._run_activity, wake=self._wake, disorder=plan.disorder)
        self._timers = Timers(store, wake=self._wake, disorder=plan.disorder)
        self._orchestrations = Orchestrations(
            store,
            self._invoker,
            JsonDialect(),
            self._durable,
            hand_out=self._activities.hand_out,
            timers_changed=self._timers.changed,
            disorder=plan.disorder,
            versions=settings.versions,
        )
        self._schedules = Schedules(store, self._invoker, self._functions, durable_client=binding)
        self._queues = QueueTriggers(self._invoker, self._functions, settings.queues, durable_client=binding)
        self._front = self._make_front(binding)

    def _make_front(self, binding: str) -> Front:
        """Put together what answers requests."""
        plan, settings = self._plan, self._plan.settings
        client = OrchestrationClient(self._store, wake=self._wake, default_version=settings.versions.own)
        routes = routes_of(self._functions)
        return Front(
            durable=DurableApi(client, plan.links, has_tracing=settings.has_tracing),
            admin=AdminApi(
                self._functions,
                ToolRuns(self._invoker, durable_client=binding),
                plan.keys,
                plan.links,
                folder=plan.app,
                prefix=settings.route_prefix,
            ),
            inspector=Inspector(
                self._store,
                client,
                {
                    "app": plan.app.name,
                    "hub": settings.hub_name,
                    "functions": describe(self._functions, settings.route_prefix),
                },
            ),
            triggers=HttpTriggers(
                routes, self._invoker, prefix=settings.route_prefix, keys=plan.keys, durable_client=binding
            ),
            keys=plan.keys,
            rpc_origin=plan.links.rpc_origin,
        )

    async def run(self) -> bool:
        """Serve until SIGTERM or SIGINT, then stop within a few seconds. False when the host itself failed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        for function in self._functions:
            if function.not_served:
                _log.warning("%s: not called, this host does not serve %s", function.name, function.not_served)
        tasks = [asyncio.create_task(work) for work in self._work()]
        for task in tasks:
            task.add_done_callback(self._ended)
        servers = [_server(self._front.serve_public), _server(self._front.serve_loopback)]
        sockets = [self._plan.public, self._plan.loopback]
        serving = [asyncio.create_task(server.serve([own])) for server, own in zip(servers, sockets, strict=True)]
        if self._plan.disorder != CALM:
            _log.info("not everything goes well here: %s", self._plan.disorder)
        _log.info("listening on %s with %d functions", self._plan.links.public_origin, len(self._functions))
        _log.info("see inside at %s%s", self._plan.links.public_origin, PAGE_PATH)
        await self._stopping.wait()
        _log.info("stopping")
        for server in servers:
            server.should_exit = True
        await asyncio.gather(
            asyncio.wait(serving, timeout=_GRACE_S), self._activities.drain(_GRACE_S), self._queues.drain(_GRACE_S)
        )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._invoker.close()
        self._store.close()
        return not self._failed

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        settings = self._plan.settings
        self._wake(self._store.waiting_instances())
        return [
            self._activities.hand_out_again(self._store.open_work(), self._plan.redelivery_s),
            self._timers.work(),
            self._schedules.work(),
            self._queues.work(),
            *(self._orchestrations.work() for _ in range(settings.max_orchestrators)),
            *(self._activities.work() for _ in range(settings.max_activities)),
        ]

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part of the host that dies takes the host with it, loudly."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.critical("the host itself failed", exc_info=error)
            self._fail()

    def _fail(self) -> None:
        self._failed = True
        self._stopping.set()

    def _wake(self, instance_ids: Iterable[str]) -> None:
        self._orchestrations.wake(instance_ids)

    async def _run_activity(self, item: WorkItem) -> str:
        if item.name == HTTP_ACTIVITY:
            return await call_http(item.input or "")
        name = self._durable.activity(item.name) or item.name
        trace = self._store.trace(item.instance_id) if self._plan.settings.has_tracing else NO_TRACE
        extras = Extras(self._plan.links.binding(), trace_parent=trace.parent, trace_state=trace.state)
        return await self._invoker.activity(name, item.input, extras)


class _Server(uvicorn.Server):
    """Signals are the host's business."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
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
        timeout_keep_alive=_KEEP_ALIVE_S,
    )
    return _Server(config)
