"""How the facts about statuses, keys and management are brought about."""

from tests.conformance.scenes.scene import Scene
from tests.conformance.steps import (
    COMPLETED,
    FAILED,
    LISTENING,
    RUNNING,
    SUSPENDED,
    TERMINATED,
    Step,
    asked,
    ended,
    history_has,
    parent_terminated,
    raised,
    replayed,
    seven_pages,
    started,
    status_is,
    three_failures,
    two_running,
)

_STATES: dict[str, tuple[Step, ...]] = {
    "completed": COMPLETED,
    "failed": FAILED,
    "terminated": TERMINATED,
    "unknown": (),
}
_REUSED_TWICE = (*COMPLETED, *FAILED)
_RESUMED = (*SUSPENDED, asked("resume", "go"), status_is("Running"))
_WITH_KEYS = ("bad-code", "bad-header-good-code", "function-key-header-good-code", "function-key-header")

SCENES = {
    "status-completed-plain": Scene(COMPLETED),
    "status-completed-chain-history": Scene(COMPLETED),
    "status-showInput-false": Scene(COMPLETED),
    "status-history-no-output": Scene(COMPLETED),
    "status-master-key": Scene(COMPLETED),
    "status-system-key-header": Scene(COMPLETED),
    "status-no-key-401": Scene(COMPLETED),
    "status-function-key-401": Scene(COMPLETED),
    "status-failed": Scene(FAILED),
    "status-failed-returnInternalServerErrorOnFailure": Scene(FAILED),
    "status-unknown-404": Scene(),
    "status-hist-only-showHistoryOutput": Scene(),
    "status-unknown-orchestrator": Scene((replayed, ended())),
    "status-running-timer-history": Scene(RUNNING),
    "status-suspended-history": Scene((*_REUSED_TWICE, *SUSPENDED)),
    "status-resumed-history": Scene((*_REUSED_TWICE, *_RESUMED, history_has("ExecutionResumed"))),
    "status-terminated-history": Scene(
        (*_REUSED_TWICE, *_RESUMED, raised("Nope", {"a": 1}), asked("terminate", "enough"), ended())
    ),
    "rpc-status": Scene(COMPLETED, door="rpc"),
    "rpc-status-show": Scene((*COMPLETED, *COMPLETED), door="rpc"),
    "rpc-status-running": Scene(RUNNING, door="rpc"),
    "rpc-status-unknown": Scene(door="rpc"),
    **{f"webhook-key-{kind}": Scene() for kind in _WITH_KEYS},
    "unknown-webhook-path": Scene(),
    "webhook-wrong-verb": Scene(),
    "webhook-other-taskhub": Scene(),
    "webhook-other-connection": Scene(),
    # ---- terminate, suspend, resume, rewind, restart, purge
    **{
        f"{operation}-on-{state}": Scene(given)
        for operation in ("terminate", "suspend", "resume", "rewind")
        for state, given in _STATES.items()
        if (operation, state) != ("rewind", "failed")
    },
    "terminate-running": Scene(RUNNING),
    "terminate-no-reason": Scene(RUNNING),
    "terminate-no-reason-result": Scene((started("tm", 40), history_has("TimerCreated"), asked("terminate"), ended())),
    "terminate-suspended-result": Scene(
        (*LISTENING, asked("suspend"), status_is("Suspended"), asked("terminate", "kill+suspended"), ended())
    ),
    "terminate-parent": Scene(
        (replayed, history_has("SubOrchestrationInstanceCreated"), asked("terminate", "stop"), ended())
    ),
    "terminate-parent-child": Scene((parent_terminated,)),
    "suspend-running": Scene(RUNNING),
    "suspend-already-suspended": Scene(SUSPENDED),
    "suspended-mid-activity": Scene(
        (replayed, history_has("TaskScheduled"), asked("suspend", "mid+activity"), history_has("TaskCompleted"))
    ),
    "suspended-with-event": Scene(
        (*LISTENING, asked("suspend", "s"), status_is("Suspended"), raised("E", 1), history_has("EventRaised"))
    ),
    "suspended-event-resumed": Scene(
        (*LISTENING, asked("suspend", "s"), status_is("Suspended"), raised("E", 1), asked("resume", "s"), ended())
    ),
    "resume-suspended": Scene(SUSPENDED),
    "resume-running": Scene(RUNNING),
    "rewind-running": Scene(RUNNING),
    "rewind-before": Scene((replayed, ended())),
    "rewind-failed-202": Scene((started("rw"), ended())),
    "rewind-after": Scene((started("rw"), ended(), asked("rewind", "try+again"), status_is("Completed"))),
    "rewind-terminated-none": Scene(TERMINATED),
    "restart-completed": Scene(COMPLETED),
    "restart-completed-same-id": Scene(COMPLETED),
    "restart-running-new-id": Scene(RUNNING),
    "restart-running-same-id": Scene(RUNNING),
    "restart-unknown-400": Scene(),
    "purge-single-200": Scene(COMPLETED),
    "purge-unknown-404": Scene(),
    "purge-running": Scene(RUNNING),
    "purge-suspended": Scene(SUSPENDED),
    "purge-filter-200": Scene((seven_pages,), alone=True),
    "purge-filter-running": Scene((two_running,), alone=True),
    "purge-filter-nomatch-404": Scene(),
    "purge-filter-without-createdTimeFrom": Scene(),
    "rpc-terminate": Scene(RUNNING, door="rpc"),
    "rpc-terminate-again": Scene(TERMINATED, door="rpc"),
    "rpc-purge": Scene(COMPLETED, door="rpc"),
    "rpc-purge-unknown": Scene(door="rpc"),
    # ---- lists
    "list-top-3-page-1": Scene((seven_pages,)),
    "list-top-3-page-2": Scene((seven_pages,)),
    "list-top-3-page-3": Scene((seven_pages,)),
    "list-showHistory": Scene((seven_pages,)),
    "list-showInput-false": Scene((seven_pages,)),
    "list-top-0": Scene(COMPLETED, view="shapes"),
    "list-bad-token": Scene(COMPLETED),
    "list-filter-createdTimeFrom-invalid": Scene((seven_pages,), view="shapes"),
    "list-instances-trailing-slash": Scene(COMPLETED, view="shapes"),
    "list-filter-status-failed": Scene((three_failures,), view="shapes"),
    "list-filter-createdTimeFrom": Scene((seven_pages,), alone=True),
    "rpc-list": Scene(COMPLETED, door="rpc", view="shapes"),
    # ---- the SDK's client
    "sdk-get_status-completed": Scene(COMPLETED, call=("get_status", "{id}")),
    "sdk-get_status-running": Scene(RUNNING, call=("get_status", "{id}"), named="dup-1"),
    "sdk-get_status-unknown": Scene(call=("get_status", "{id}")),
    "sdk-purge_instance_history-completed": Scene(COMPLETED, call=("purge_instance_history", "{id}")),
    "sdk-purge_instance_history-unknown": Scene(call=("purge_instance_history", "{id}")),
    "sdk-raise_event-completed": Scene(COMPLETED, call=("raise_event", "{id}", "E", 1)),
    "sdk-raise_event-unknown": Scene(call=("raise_event", "{id}", "E", 1)),
    "sdk-restart-completed": Scene(COMPLETED, call=("restart", "{id}")),
    "sdk-restart-completed-same-id": Scene(COMPLETED, call=("restart", "{id}", False)),
    "sdk-restart-unknown": Scene(call=("restart", "{id}")),
    "sdk-resume-completed": Scene(COMPLETED, call=("resume", "{id}", "r")),
    "sdk-resume-unknown": Scene(call=("resume", "{id}", "r")),
    "sdk-rewind-completed": Scene(COMPLETED, call=("rewind", "{id}", "r")),
    "sdk-rewind-unknown": Scene(call=("rewind", "{id}", "r")),
    "sdk-suspend-completed": Scene(COMPLETED, call=("suspend", "{id}", "r")),
    "sdk-suspend-unknown": Scene(call=("suspend", "{id}", "r")),
    "sdk-terminate-unknown": Scene(call=("terminate", "{id}", "r")),
    "durable-client-binding": Scene(path="/api/c_binding"),
}
