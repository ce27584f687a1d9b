"""The ``context`` parameter that a function may ask for: what azure-functions calls Context, filled by this host."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CallTrace:
    """The caller's trace, as far as there is one."""

    trace_parent: str
    trace_state: str
    attributes: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def Traceparent(self) -> str:  # noqa: N802 - the worker's older name, which its documentation uses
        """The same as ``trace_parent``."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:  # noqa: N802 - as above
        """The same as ``trace_state``."""
        return self.trace_state

    @property
    def Attributes(self) -> dict[str, str]:  # noqa: N802 - as above
        """The same as ``attributes``."""
        return self.attributes


@dataclass(frozen=True, slots=True)
class CallContext:
    """One invocation, as the function sees it.

    ``invocation_id`` is unique to the call; nothing is ever retried by the host.
    """

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: CallTrace
    thread_local_storage: threading.local
    retry_context: None = None
