"""Calls the app's functions in this process: sync ones on a bounded pool, async ones on one event loop in a thread of
its own.
"""

import asyncio
import os
import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, cast

from azure.functions.meta import Datum

from local.functions_host import tracing
from local.functions_host.app_loader import LoadedFunction, converter_of, load_app
from local.functions_host.call_context import CallContext, CallTrace
from local.functions_host.invoker import (
    Extras,
    Function,
    FunctionTimeoutError,
    HttpCall,
    HttpReply,
    InvocationError,
    UserCodeError,
    WorkerExitError,
)

_CLOSE_S = 1.0

_thread_local = threading.local()


def pool_size() -> int:
    """Threads for sync functions: PYTHON_THREADPOOL_THREAD_COUNT, or Python's own default (functions-host.md, 4.2)."""
    configured = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    return int(configured) if configured.isdigit() and int(configured) > 0 else min(32, (os.cpu_count() or 1) + 4)


class InProcessInvoker:
    """The default invoker. A blocking async function stalls all functions, as on Azure, but never the host itself."""

    def __init__(self, folder: Path, *, time_limit_s: float | None, time_limit_text: str) -> None:
        self._folder = folder
        self._time_limit_s = time_limit_s
        self._time_limit_text = time_limit_text
        self._functions: dict[str, LoadedFunction] = {}
        self._pool = ThreadPoolExecutor(pool_size(), thread_name_prefix="function")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="functions-loop", daemon=True)
        self._thread.start()

    def load(self) -> Sequence[Function]:
        """Import and check the app."""
        self._functions = load_app(self._folder)
        return [function.info for function in self._functions.values()]

    async def http(self, name: str, call: HttpCall, extras: Extras) -> HttpReply:
        """Call an HTTP function."""
        datum = Datum(
            {
                "method": Datum(call.method, "string"),
                "url": Datum(call.url, "string"),
                "headers": {key: Datum(value, "string") for key, value in call.headers.items()},
                "query": {key: Datum(value, "string") for key, value in call.query.items()},
                "params": {key: Datum(value, "string") for key, value in call.route_params.items()},
                "body": Datum(call.body, "bytes"),
            },
            "http",
        )
        answer = await self._call(name, datum, extras)
        if answer is None:
            raise UserCodeError("TypeError", f"HTTP function '{name}' has no return binding", "")
        return _reply(answer)

    async def activity(self, name: str, payload: str | None, extras: Extras) -> str:
        """Call an activity."""
        answer = await self._call(name, Datum("null" if payload is None else payload, "json"), extras)
        return "null" if answer is None else cast("str", answer.value)

    async def orchestrator(self, name: str, payload: str, extras: Extras) -> str:
        """Run one step of an orchestrator function."""
        answer = await self._call(name, Datum(payload, "string"), extras)
        return "null" if answer is None else cast("str", answer.value)

    async def timer(self, name: str, payload: str, extras: Extras) -> None:
        """Call a timer function."""
        await self._call(name, Datum(payload, "json"), extras)

    async def queue(self, name: str, body: str, extras: Extras) -> None:
        """Call a queue function."""
        await self._call(name, Datum(body, "string"), extras)

    def close(self) -> None:
        """Cancel what waits; user code that blocks is abandoned to the end of the process."""
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(_CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_S)
        if not self._thread.is_alive():
            self._loop.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _call(self, name: str, datum: Datum, extras: Extras) -> Datum | None:
        work = self._begin(name, datum, extras)
        try:
            async with asyncio.timeout(self._time_limit_s):
                return await work
        except TimeoutError:
            raise FunctionTimeoutError(name, self._time_limit_text) from None

    def _begin(self, name: str, datum: Datum, extras: Extras) -> asyncio.Future[Datum | None]:
        function = self._functions.get(name)
        if function is None:
            raise not_there(name)
        invocation_id = str(uuid.uuid4())
        if function.is_async:
            return asyncio.wrap_future(
                asyncio.run_coroutine_threadsafe(
                    _run_async(function, datum, extras, invocation_id, self._folder), self._loop
                )
            )
        return asyncio.get_running_loop().run_in_executor(
            self._pool, _run_sync, function, datum, extras, invocation_id, self._folder
        )


def not_there(name: str) -> InvocationError:
    """Say that a function is gone: an activity that was handed out by an earlier version of the app."""
    text = f"The function '{name}' doesn't exist, is disabled, or is not a function of this app."
    return InvocationError(text, report=text, message=text)


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _run_sync(function: LoadedFunction, datum: Datum, extras: Extras, invocation_id: str, folder: Path) -> Datum | None:
    def body() -> Datum | None:
        tracing.enter(extras)
        return _encode(function, function.call(**_arguments(function, datum, extras, invocation_id, folder)))

    try:
        return body()
    except BaseException as error:
        raise failure_of(error) from error


async def _run_async(
    function: LoadedFunction, datum: Datum, extras: Extras, invocation_id: str, folder: Path
) -> Datum | None:
    call = cast("Callable[..., Coroutine[Any, Any, Any]]", function.call)
    tracing.enter(extras)
    try:
        return _encode(function, await call(**_arguments(function, datum, extras, invocation_id, folder)))
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        raise failure_of(error) from error


def _arguments(
    function: LoadedFunction, datum: Datum, extras: Extras, invocation_id: str, folder: Path
) -> dict[str, Any]:
    metadata = {
        name: Datum(value, "int" if isinstance(value, int) else "string") for name, value in extras.metadata.items()
    }
    arguments: dict[str, Any] = {
        function.trigger_parameter: function.trigger_converter.decode(datum, trigger_metadata=metadata)
    }
    client = function.info.durable_client
    if client is not None:
        converter = converter_of("durableClient")
        arguments[client] = converter and converter.decode(Datum(extras.durable_client, "string"), trigger_metadata={})
    if function.takes_context:
        trace = CallTrace(extras.trace_parent, extras.trace_state)
        arguments["context"] = CallContext(invocation_id, function.info.name, str(folder), trace, _thread_local)
    return arguments


def _encode(function: LoadedFunction, result: Any) -> Datum | None:
    if function.return_converter is not None:
        return function.return_converter.encode(result, expected_type=None)
    if result is not None:
        raise RuntimeError(f"function '{function.info.name}' without a $return binding returned a non-None value")
    return None


def failure_of(error: BaseException) -> InvocationError:
    """What a function raised, in the words of the worker."""
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return WorkerExitError(sys.executable, code)
    here = traceback.extract_tb(error.__traceback__)[2:] or traceback.extract_tb(error.__traceback__)
    return UserCodeError(type(error).__name__, str(error), "".join(traceback.format_list(here)))


def _reply(answer: Datum) -> HttpReply:
    if answer.type != "http":
        return HttpReply(200, [("content-type", "text/plain; charset=utf-8")], str(answer.value).encode())
    parts = cast("dict[str, Any]", answer.value)
    headers = [(str(name).lower(), str(value.value)) for name, value in parts["headers"].items()]
    for cookie in cast("list[SimpleCookie] | None", parts["cookies"]) or []:
        headers.extend(("set-cookie", text) for text in _cookies(cookie))
    return HttpReply(int(parts["status_code"].value), headers, cast("bytes", parts["body"].value))


def _cookies(cookies: SimpleCookie) -> list[str]:
    """Cookies as the host writes them again: domain and path always present (functions-host-measured.md, 10)."""
    texts: list[str] = []
    for name, morsel in cookies.items():
        parts = [f"{name}={morsel.coded_value}"]
        parts += [f"{key}={morsel[key]}" for key in ("expires", "max-age") if morsel[key]]
        parts += [f"domain={morsel['domain']}", f"path={morsel['path']}"]
        parts += ["secure"] if morsel["secure"] else []
        parts += [f"samesite={morsel['samesite'].lower()}"] if morsel["samesite"] else []
        parts += ["httponly"] if morsel["httponly"] else []
        texts.append("; ".join(parts))
    return texts
