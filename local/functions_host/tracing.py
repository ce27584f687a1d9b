"""What the worker does with the trace of a call where PYTHON_ENABLE_OPENTELEMETRY is on: it becomes OpenTelemetry's
current one, so that spans and lines of the function are part of it (azure-functions-runtime, otel.py).
"""

import os
from functools import cache

from local.functions_host.invoker import Extras


def enter(extras: Extras) -> None:
    """Go on in the caller's trace, in this thread or task; never left again: the next call enters its own."""
    if not _is_on():
        return
    from opentelemetry import context  # noqa: PLC0415 - an app may come without it, as long as it is off
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier = {"traceparent": extras.trace_parent, "tracestate": extras.trace_state}
    context.attach(TraceContextTextMapPropagator().extract(carrier))


@cache
def _is_on() -> bool:
    return os.environ.get("PYTHON_ENABLE_OPENTELEMETRY", "").lower() in {"1", "true"}
