"""The story of a job, from its admission to its last row. Every step finds its effect already there when it is told
again, so the story may start anew at any point, and does so instead of carrying state.
"""

from collections.abc import Iterator
from typing import Any

import azure.durable_functions as df

from orchestrators import custom_status
from orchestrators.calls import Step, call, rest
from shared import names, polling

bp = df.Blueprint()

_ANEW: dict[str, Any] = {"kind": "anew"}


@bp.orchestration_trigger(context_name="context")
def generate_video(context: df.DurableOrchestrationContext) -> Step:
    """Render a job's video, store it, and settle the job. The input is a JobRef; nothing in it ever changes."""
    job: dict[str, Any] = context.get_input() or {}
    wake = context.wait_for_external_event(names.WAKE)
    rounds = iter(range(polling.ROUNDS_PER_EXECUTION))

    end = yield from _submit(context, job, wake, rounds)
    if end["kind"] == "submitted":
        end = yield from _watch(context, job, wake, rounds, end["wait_s"])
    if end is _ANEW:
        context.continue_as_new(job)
        return None

    yield from call(context, names.RELEASE_SLOT, {**job, "render_s": end.get("render_s"), "ratios": end.get("ratios")})
    if end["kind"] == "succeeded":
        context.set_custom_status(custom_status.storing(len(end["sources"])))
        end = {**end, "generations": (yield from _store(context, job, end["sources"]))}
    finished = yield from call(context, names.FINISH_JOB, {**job, "end": end})
    if finished["kind"] == "stale":
        context.continue_as_new(job)
        return None
    context.set_custom_status(custom_status.ended(finished["state"]))
    yield from call(context, names.FORGET_JOB, job)
    return {"state": finished["state"]}


def _submit(context: df.DurableOrchestrationContext, job: dict[str, Any], wake: Any, rounds: Iterator[int]) -> Step:
    """Have the render created, at most once; or learn that it must not, or cannot, be."""
    for _ in rounds:
        context.set_custom_status(custom_status.asking())
        answer = yield from call(context, names.SUBMIT_RENDER, job)
        if answer["kind"] == "lost":
            context.set_custom_status(custom_status.searching())
            answer = yield from call(context, names.FIND_RENDER, job)
        if answer["kind"] != "wait":
            return answer
        context.set_custom_status(custom_status.waiting_to_ask(answer["wait_s"]))
        if (yield from rest(context, wake, answer["wait_s"])):
            break
    return _ANEW


def _watch(
    context: df.DurableOrchestrationContext, job: dict[str, Any], wake: Any, rounds: Iterator[int], wait_s: float
) -> Step:
    """Look at the render until it is final; a submitted order has taken the first of the execution's rounds."""
    context.set_custom_status(custom_status.rendering({}))
    for _ in rounds:
        if wait_s > 0 and (yield from rest(context, wake, wait_s)):
            break
        seen = yield from call(context, names.LOOK_AT_RENDER, job)
        context.set_custom_status(custom_status.rendering(seen))
        if seen["kind"] != "wait":
            return seen
        wait_s = seen["wait_s"]
    return _ANEW


def _store(context: df.DurableOrchestrationContext, job: dict[str, Any], sources: list[str]) -> Step:
    """Store every generation at the same time, then make the pictures of those that were stored."""
    copies = [{**job, "n": n, "source": source} for n, source in enumerate(sources)]
    results = yield from _all(context, names.STORE_GENERATION, copies)
    for tried in range(1, polling.STORE_TRIES):
        if not any(result["kind"] == "again" for result in results):
            break
        yield context.create_timer(polling.moment(context.current_utc_datetime, polling.store_delay_s(tried)))
        for n, result in enumerate(results):
            if result["kind"] == "again":
                results[n] = yield from call(context, names.STORE_GENERATION, copies[n])
    stored = [{**job, "generation": result["generation"]} for result in results if result["kind"] == "stored"]
    pictured = yield from _all(context, names.MAKE_PICTURES, stored)
    return [result["generation"] for result in pictured]


def _all(context: df.DurableOrchestrationContext, activity: str, inputs: list[dict[str, Any]]) -> Step:
    """Call an activity for every input at the same time; one that raised is called again by itself.

    task_any only schedules them: each is awaited alone, since an exception inside task_all shifts ids on the host.
    """
    tasks = [context.call_activity(activity, about) for about in inputs]
    if tasks:
        yield context.task_any(tasks)
    results: list[Any] = []
    for task, about in zip(tasks, inputs, strict=True):
        try:
            result = yield task
        except Exception:  # noqa: BLE001 - the SDK raises nothing more precise
            result = yield from call(context, activity, about)
        results.append(result)
    return results
