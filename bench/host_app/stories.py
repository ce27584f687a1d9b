"""The orchestrators that are measured, as plain generators: the host runs them, and so does the bare SDK."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

Story = Generator[Any, Any, Any]


def chain(context: df.DurableOrchestrationContext) -> Story:
    """Three activities, one after the other."""
    number = 0
    for _ in range(3):
        number = yield context.call_activity("add_one", number)
    return number


def sleeper(context: df.DurableOrchestrationContext) -> Story:
    """A timer of a day."""
    yield context.create_timer(context.current_utc_datetime + timedelta(days=1))
