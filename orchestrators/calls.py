"""How a story calls and waits. Activities' exceptions mean "unknown", so a call is repeated; a rest ends when the job
calls for attention.
"""

from collections.abc import Generator
from typing import Any

from azure.durable_functions import DurableOrchestrationContext

from shared import polling

Step = Generator[Any, Any, Any]


def call(context: DurableOrchestrationContext, activity: str, about: dict[str, Any]) -> Step:
    """Call an activity and return its result; one that raised is called again after 2, 4, 6 … s, six times in all.

    A worker process that dies fails every activity in flight, and a new one needs about three seconds.
    """
    for tried in range(1, polling.CALL_TRIES):
        try:
            return (yield context.call_activity(activity, about))
        except Exception:  # noqa: BLE001 - the SDK raises nothing more precise
            yield context.create_timer(polling.moment(context.current_utc_datetime, polling.retry_delay_s(tried)))
    return (yield context.call_activity(activity, about))


def rest(context: DurableOrchestrationContext, wake: Any, seconds: float) -> Step:
    """Wait so many seconds; return whether the event `wake` ended the wait.

    `wake` is made once per execution and passed in: a fresh wait would be won by an event that came before it.
    """
    timer: Any = context.create_timer(polling.moment(context.current_utc_datetime, max(seconds, polling.MIN_TIMER_S)))
    first = yield context.task_any([timer, wake])
    if first is not wake:
        return False
    if not timer.is_completed:
        timer.cancel()
    return True
