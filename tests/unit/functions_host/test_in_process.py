"""Calling functions in this process: time limit, threads and loop."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions_host.in_process import InProcessInvoker, pool_size
from local.functions_host.invoker import Extras, FunctionTimeoutError, InvocationError

APP = """
import asyncio, threading, time
import azure.durable_functions as df
app = df.DFApp()

@app.activity_trigger(input_name="seconds")
def sleeps(seconds):
    time.sleep(seconds)
    return threading.current_thread().name

@app.activity_trigger(input_name="seconds")
async def naps(seconds):
    await asyncio.sleep(seconds)
    return threading.current_thread().name

@app.activity_trigger(input_name="seconds")
def traced(seconds, context):
    return [context.trace_context.trace_parent, context.function_name, len(context.invocation_id)]
"""


@pytest.fixture
def invoker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessInvoker]:
    """An invoker with a time limit of 0.2 s."""
    script = f"app_{tmp_path.name.replace('-', '_')}.py"
    (tmp_path / script).write_text(APP)
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", script)
    monkeypatch.setattr(sys, "path", [*sys.path])
    invoker = InProcessInvoker(tmp_path, time_limit_s=0.2, time_limit_text="00:00:10")
    invoker.load()
    yield invoker
    invoker.close()


@pytest.mark.parametrize("name", ["sleeps", "naps"])
async def test_function_over_the_limit_is_given_up(invoker: InProcessInvoker, name: str) -> None:
    """In the real host's words (functions-host-measured.md, 7)."""
    with pytest.raises(FunctionTimeoutError) as over:
        await invoker.activity(name, "1.0", Extras())
    assert over.value.reason == f"Timeout value of 00:00:10 was exceeded by function: Functions.{name}"


async def test_functions_run_apart_from_the_host(invoker: InProcessInvoker) -> None:
    """Sync ones on a pool, async ones on one loop in a thread of its own."""
    here = threading.current_thread().name
    sync = await invoker.activity("sleeps", "0", Extras())
    loop = await invoker.activity("naps", "0", Extras())
    assert sync.startswith('"function_')
    assert loop == '"functions-loop"'
    assert here not in sync + loop


async def test_context_carries_the_trace(invoker: InProcessInvoker) -> None:
    """A parameter called context is filled, not bound."""
    assert await invoker.activity("traced", "0", Extras(trace_parent="00-1")) == '["00-1", "traced", 36]'


async def test_unknown_function_is_a_failure(invoker: InProcessInvoker) -> None:
    """An activity handed out by an earlier version of the app."""
    with pytest.raises(InvocationError, match="doesn't exist"):
        await invoker.activity("gone", "0", Extras())


def test_size_of_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's setting, or Python's own default."""
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", "3")
    assert pool_size() == 3
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", "many")
    assert 4 < pool_size() <= 32
