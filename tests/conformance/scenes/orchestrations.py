"""How the facts about histories, results, failures, timers, events and open work are brought about."""

from urllib.parse import quote

from tests.conformance.scenes.scene import Scene
from tests.conformance.stage import Stage, StageError
from tests.conformance.steps import (
    LISTENING,
    RUN,
    Step,
    asked,
    custom_status_is,
    ended,
    history_has,
    raised,
    replayed,
    started,
    status_is,
)

_ARGUMENTS = (
    *("annotated-int-float", "annotated-int-int", "annotated-int-str", "annotated-str-dict", "annotated-str-int"),
    *("annotated-str-none", "annotated-str-str", "bool", "dict", "float", "int", "jsonstr", "list", "none", "str"),
    "unicode",
)
_EXCEPTIONS = ("custom", "empty", "multi", "nested", "unicode", "value")
_RESULTS = ("dict", "empty", "false", "int", "jsonstr", "list", "none", "numstr", "set", "str", "zero")
_RUN_TO_THE_END = (
    *(f"orch-act-arg-{kind}" for kind in _ARGUMENTS),
    *(f"orch-act-exception-{kind}" for kind in (*_EXCEPTIONS, "async")),
    *(f"orch-act-exception-caught-{kind}" for kind in _EXCEPTIONS),
    *(f"orch-returns-{kind}" for kind in _RESULTS),
    *("orch-act-no-input", "orch-act-returns-kinds", "orch-act-returns-set", "orch-act-wrong-arg"),
    *("orch-act-retry-exhausted", "orch-act-retry-exhausted-caught"),
    *("orch-act-retry-succeeds", "orch-act-retry-succeeds-full"),
    *("orch-big-20k", "orch-big-40k", "orch-big-300k", "orch-custom-status-kinds", "orch-custom-status-ok-size"),
    *("orch-custom-status-too-big", "orch-exception", "orch-exception-first"),
    *("orch-forgotten-activity", "orch-forgotten-activity-2"),
    *("orch-nondeterministic", "orch-nongenerator", "orch-nongenerator-exception", "orch-props"),
    *("orch-sub-activity-failure-caught", "orch-sub-exception-caught", "orch-sub-ids", "orch-sub-retry-exhausted"),
    *("orch-task-any-two-activities", "orch-timer-1.9", "orch-timer-1s", "orch-timer-2s", "orch-timer-3s"),
    *("orch-timer-cancelled", "orch-timer-half", "orch-timer-past", "orch-timer-zero", "orch-timer-5s", "catch-and-go"),
    *("open-forgotten-activity", "open-forgotten-activity-2", "open-timer-cancelled"),
    *("fail-with-open-activity", "sub-orchestration-id-after-11-steps", "task-all-empty"),
    *("task-any-open-child", "task-any-timers", "task-any-uncancelled-timer", "timer-naive-datetime"),
    *("yield-non-task", "yield-non-task-in-later-step"),
)
_SIDE_BY_SIDE = (
    *("nested-all-in-any", "open-fan-fail-task-all", "orch-fan-fail-task-all", "orch-hazard-whenall-retry"),
    *("orch-hazard-whenall-slow", "orch-parent-subs"),
)
_WEBHOOK_EVENTS = {
    "array": [1, 2],
    "float": 1.5,
    "jsonstring": '{"a":1}',
    "null": None,
    "number": 5,
    "numstring": "12",
    "object": {"a": 1},
    "string": "hello",
    "true": True,
}
_SDK_EVENTS = {
    **{kind: value for kind, value in _WEBHOOK_EVENTS.items() if kind not in {"object", "jsonstring"}},
    "object": {"a": 1},
    "jsonstring": '{"a":1}',
    "empty": "",
}
_REFUSED_EVENTS = {
    "badjson": ("{bad", "application/json"),
    "empty": (None, "application/json"),
    "ct": ('{"a":1}', "text/plain"),
    "noct": ('{"a":1}', ""),
}
_HELD = (*LISTENING, history_has("ExecutionStarted"))


def _sent(content: str | None, content_type: str) -> Step:
    headers = {"content-type": content_type} if content_type else {}
    return lambda stage: stage.manage("POST", f"/instances/{stage.id}/raiseEvent/E", content, headers)


def _two(*, after: Step, name: str) -> tuple[Step, ...]:
    return (started(name), after, raised("E", 1), raised("E", 2), ended())


def _twice_after_first(stage: Stage) -> None:
    """The second event is sent when the first was taken."""
    raised("E", 1)(stage)
    custom_status_is("got1")(stage)
    raised("E", 2)(stage)


def _one_a_generation(stage: Stage) -> None:
    for number in (1, 2, 3):
        custom_status_is({"n": number - 1})(stage)
        raised("E", number)(stage)


def _all_in_eleven_steps(stage: Stage) -> None:
    """The results of two activities side by side come in one step and in order; if they do not, it is played again."""
    for _ in range(_ATTEMPTS):
        for step in _ALL:
            step(stage)
        last = stage.send({"method": "GET", "path": f"/api/steps/{quote(stage.id)}/10"})
        if last.is_success:
            taken = last.json()
            order = [
                event["TaskScheduledId"] for event in taken["trigger_payload"]["history"] if event["EventType"] == 5
            ]
            if taken["returned_state"]["isDone"] and order == sorted(order):
                return
        stage.again()
    raise StageError(f"{_ATTEMPTS} times the two activities did not end together")


_ATTEMPTS = 20
_ALL = (
    started("all", {"hello": "w"}),
    history_has("SubOrchestrationInstanceCompleted"),
    history_has("TimerCreated", count=3),
    raised("E", {"x": 1}),
    ended(),
)
_RUNNING = status_is("Running")
_begun = status_is("Running", "Failed")
SCENES = {
    **{name: Scene(RUN) for name in _RUN_TO_THE_END},
    **{name: Scene(RUN, view="any order") for name in _SIDE_BY_SIDE},
    "orch-continue-as-new": Scene((started("eternal"), ended())),
    "orch-can-open-activity": Scene((started("can_open_act"), ended())),
    "open-can-open-activity": Scene((started("can_open_act"), ended())),
    "orch-timer-8-days": Scene((replayed, history_has("TimerCreated"))),
    **{name: Scene((replayed, _begun)) for name in ("orch-act-unknown", "orch-act-unknown-caught", "orch-sub-unknown")},
    "sub-orchestration-own-id": Scene((started("sub_self"), _begun)),
    "orch-call-http": Scene((lambda stage: stage.start("chttp", f"{stage.target.url}/api/hello?n=z"), ended())),
    "orch-call-http-404": Scene((lambda stage: stage.start("chttp", f"{stage.target.url}/api/zzz"), ended())),
    # ---- while work is open
    "open-task-any-two-activities": Scene((replayed, custom_status_is("won"), history_has("TaskCompleted"))),
    "open-task-any-uncancelled-timer": Scene((replayed, history_has("TaskCompleted"))),
    "open-task-any-open-child": Scene((replayed, history_has("TaskCompleted"))),
    "open-hazard-whenall-slow": Scene((replayed, custom_status_is("caught"), history_has("TaskFailed"))),
    "terminated-with-open-activity": Scene((replayed, history_has("TaskScheduled"), asked("terminate", "t"), ended())),
    # ---- events
    **{
        f"event-form-result-{kind}": Scene((*_HELD, raised("E", value), ended()))
        for kind, value in _WEBHOOK_EVENTS.items()
    },
    **{
        f"event-form-result-sdk-{kind}": Scene((*_HELD, raised("E", value, sdk=True), ended()))
        for kind, value in _SDK_EVENTS.items()
    },
    **{f"event-form-result-{kind}": Scene((*_HELD, _sent(*event))) for kind, event in _REFUSED_EVENTS.items()},
    "event-form-result-case": Scene((*_HELD, raised("e", 1), history_has("EventRaised"))),
    **{f"raise-event-webhook-{kind}": Scene(_HELD) for kind in _WEBHOOK_EVENTS},
    "raise-event-webhook-case-insensitive-name": Scene(_HELD),
    "raise-event-webhook-badjson": Scene(_HELD),
    "raise-event-webhook-empty": Scene(_HELD),
    "raise-event-webhook-text-plain": Scene(_HELD),
    "raise-event-webhook-no-content-type": Scene(_HELD, content='{"a":1}'),
    "raise-event-completed-410": Scene((started("chain", 1), ended())),
    "raise-event-failed-410": Scene((started("raises"), ended())),
    "raise-event-nobody-waits": Scene((started("tm", 60), history_has("TimerCreated"))),
    "raise-event-unknown-404": Scene(),
    "rpc-raise": Scene((started("tm", 60), history_has("TimerCreated")), door="rpc"),
    "rpc-raise-completed": Scene((started("chain", 1), ended()), door="rpc"),
    "rpc-raise-unknown": Scene(door="rpc"),
    "events-all-AB": Scene((started("ev_all"), _RUNNING, raised("B", "b"), raised("A", "a"), ended())),
    "events-before-start": Scene((started("ev_form"), raised("E", "early"), ended())),
    "events-par-burst-0": Scene(_two(name="ev_par", after=_RUNNING)),
    "events-seq-gap-0": Scene((started("ev_seq"), _RUNNING, _twice_after_first, ended())),
    "events-buffered-0": Scene(_two(name="ev_buf", after=history_has("TaskScheduled"))),
    "events-can-gap": Scene((started("can_events"), _one_a_generation, ended())),
    "can-buffered-two-events": Scene(
        (started("can_buf"), history_has("TaskScheduled"), raised("E", "one"), raised("E", "two"), ended())
    ),
    "can-buffered-not-awaited": Scene((started("can_buf2"), history_has("TaskScheduled"), raised("E", "one"), ended())),
    # ---- what an orchestrator function gets and returns
    **{
        f"trigger-payload-orch-raw-all-step{number:02}": Scene(
            (_all_in_eleven_steps,),
            path=f"/api/steps/{{id}}/{number}",
            named="raw-all",
        )
        for number in range(11)
    },
    **{
        f"trigger-payload-orch-raw-can-step{number:02}": Scene(
            (started("can"), ended()), path=f"/api/steps/{{id}}/{number}", named="raw-can"
        )
        for number in range(6)
    },
    **{
        f"trigger-payload-orch-raw-kid-step{number:02}": Scene(
            (started("all"), history_has("SubOrchestrationInstanceCompleted")),
            path=f"/api/child-steps/{{id}}/{number}",
            named="raw-all",
        )
        for number in range(2)
    },
    "raw-all-final": Scene((_all_in_eleven_steps,)),
}
