"""The nine invariants of the architecture (section 5), read off a lab whose schedule has ended.

Each gives sentences that say what is broken; none when it holds. Items 6 (deleted assets, shares) has no code yet.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.attempts import _claim_place
from shared.models.job import Job, JobState
from shared.models.problem import Code
from tests.faults import answers
from tests.faults.evidence import Evidence
from tests.faults.provider import prompt_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.provider import Create
    from tests.faults.world import World

_RANKS = {JobState.QUEUED: 0, JobState.RUNNING: 1, JobState.STORING: 2}
_COST_MOVES = {
    ("reserved", "settled"),
    ("reserved", "released"),
    ("reserved", "disputed"),
    ("disputed", "settled"),
    ("disputed", "released"),
}
_RATE_WINDOW_S = 60.0
_USD_PER_SECOND = Decimal("0.10")


def judge(world: World) -> list[str]:
    """Return everything that is broken."""
    known = Evidence(world)
    return [f"{check.__name__}: {broken}" for check in CHECKS for broken in check(known)]


def every_job_ends(known: Evidence) -> Iterator[str]:
    """Every job is final, no slot is held, no row of a pool is left, and no story broke off its replay."""
    world = known.world
    for job in known.there.values():
        if not job.state.is_final:
            yield f"{job.id} is still {job.state}"
    if left := world.recorder.pool_rows:
        yield f"the pool still has {', '.join(sorted(left))}"
    if world.quiet_s is None:
        yield f"something still moves at the end; clients: {len(world.users.at_work)}"
    for instance in world.hub.instances.values():
        if "Non-Deterministic" in (instance.row.output or "") and instance.row.id not in world.hub.ruined:
            yield f"{instance.row.id}: {instance.row.output}"


def one_render_per_job(known: Evidence) -> Iterator[str]:
    """1. At most one render is bought per job, but for a lost create that surfaced after it was given up."""
    for job in known.jobs.values():
        alike = known.alike(job)
        bought = [one for other in alike for one in known.bought.get(other.id, []) if not known.surfaced_late(one)]
        if len(bought) > len(alike) + known.surfaced_after_all(alike):
            yield f"{job.id} bought {_list(bought)}; its attempts: {_attempts(known, job)}"
        if not known.buys(job) and known.bought.get(job.id):
            yield f"{job.id} began with a render, and bought {_list(known.bought[job.id])}"
    for create in known.world.provider.creates:
        attempt = known.attempt_of(create)
        if create.job in known.jobs and attempt is None:
            yield f"{create.job} was sent at {create.sent_s:.1f} s without an attempt on record"
        if create.render_id and attempt and attempt.concluded in {"refused", "busy", "not_sent"}:
            yield f"{create.job}: attempt {attempt.n} is {attempt.concluded}, and {create.render_id} was bought"


def paid_renders_are_kept(known: Evidence) -> Iterator[str]:
    """2. Every paid render ends stored, or abandoned with a recorded reason."""
    provider = known.world.provider
    creates = {create.render_id: create for create in provider.creates}
    for render in provider.renders:
        if not provider.is_paid(render):
            continue
        holders, create = known.holders(render.id), creates.get(render.id)
        is_known = holders or known.is_twin(render.id) or known.is_left_to_an_import(render.id)
        is_named = not provider.names_prompts and known.is_candidate(render.id)
        is_past = create and (known.is_beyond_search(create) or known.is_past_telling(create))
        if create and not (is_known or is_named or is_past):
            yield f"{render.id} of {create.job} is nobody's: {_attempts(known, known.jobs.get(create.job or ''))}"
        for job in holders:
            if job.state != JobState.SUCCEEDED and not _is_abandoned_for_a_reason(known, job):
                yield f"{render.id} of {job.id} is lost: {job.problem}"


def states_move_forward(known: Evidence) -> Iterator[str]:
    """3. State only moves forward; a final state never changes; what is known of a render is never taken back."""
    for before, after in known.world.recorder.changes:
        if before.state.is_final and after.state != before.state:
            yield f"{before.id} went from {before.state} to {after.state}"
        if not before.state.is_final and not after.state.is_final and _RANKS[after.state] < _RANKS[before.state]:
            yield f"{before.id} went back from {before.state} to {after.state}"
        if before.render_id and after.render_id != before.render_id:
            yield f"{before.id} had {before.render_id} and has {after.render_id}"
        if after.attempts < before.attempts:
            yield f"{before.id} forgot an attempt"
        if before.cancel_requested and not after.cancel_requested:
            yield f"{before.id} forgot that it is to be cancelled"
        if before.deleted_at and not after.deleted_at:
            yield f"{before.id} forgot that it is deleted"


def money_is_settled_once(known: Evidence) -> Iterator[str]:
    """4. A reservation is settled or released exactly once, or disputed; and what is said of money is true."""
    for before, after in known.world.recorder.changes:
        move = (before.cost_state, after.cost_state)
        if before.cost_state == after.cost_state or move in _COST_MOVES:
            continue
        if move != ("released", "settled") or not known.twins(before):  # a render that came up late
            yield f"{before.id}: {before.cost_state} became {after.cost_state}"
    for job in known.jobs.values():
        paid = [one for one in known.bought.get(job.id, []) if _is_paid(known, one) and not known.surfaced_late(one)]
        alone = len(known.alike(job)) == 1
        held = next((render for render in known.world.provider.renders if render.id == job.render_id), None)
        if job.state.is_final and job.cost_state == "reserved":
            yield f"{job.id} is {job.state} and still reserved"
        if alone and paid and job.cost_state == "released":
            yield f"{job.id} is released, and {_list(paid)} was paid: {job.problem}"
        if job.cost_state == "settled" and held is None and not known.twins(job):
            yield f"{job.id} is settled without a render"
        if alone and job.problem and job.problem.money == "none" and paid:
            yield f"{job.id} says that nothing was spent, and {_list(paid)} was paid"
        if job.cost_state == "settled" and (wrong := _wrong_cost(known, job)):
            yield f"{job.id} {wrong}: {job.problem}"


def lanes_keep_their_limits(known: Evidence) -> Iterator[str]:
    """5. At the provider a lane never has more in flight than its cap, nor more creates a minute than its rate."""
    for lane in known.world.plan.lanes:
        creates = [one for one in known.world.provider.creates if one.deployment == lane["deployment"]]
        sent = sorted(one.sent_s for one in creates)
        rate = lane["creates_per_minute"]
        for first, last in zip(sent, sent[rate:], strict=False):
            if last - first < _RATE_WINDOW_S:
                yield f"lane {lane['name']}: {rate + 1} creates from {first:.1f} s to {last:.1f} s"
        flights = [known.world.provider.flight_of(one) for one in creates if one.render_id and _counts(known, one)]
        if (most := _high_water(flights)) > lane["max_in_flight"]:
            yield f"lane {lane['name']}: {most} in flight, and its cap is {lane['max_in_flight']}"


def indexes_agree(known: Evidence) -> Iterator[str]:
    """8. Nothing is both in an index and not in the table, or the other way round."""
    for job in known.there.values():
        if job.deleted_at:
            continue  # its rows are to go (answers.py)
        part = known.rows[f"o!{job.owner}"]
        lists = [kind for kind in ("open", "done", "failed", "cancelled") if f"{kind}!{job.inv}" in part]
        if lists != [_list_of(job)]:
            yield f"{job.id} is {job.state} and listed as {lists}"
        elif _without_nonce(part[f"{lists[0]}!{job.inv}"]) != _without_nonce(part[f"job!{job.inv}"]):
            yield f"the list row of {job.id} is not its row"
        if len(known.attempts(job)) != job.attempts:
            yield f"{job.id} counts {job.attempts} attempts and has {len(known.attempts(job))}"
        if any(attempt.concluded is None for attempt in known.attempts(job)):
            yield f"{job.id} has an attempt that was never concluded: {_attempts(known, job)}"
        if job.render_id and not _is_claimed(known, job):
            yield f"{job.id} has {job.render_id} without its claim"
    yield from _belongs_to_nobody(known)


def videos_show_their_prompt(known: Evidence) -> Iterator[str]:
    """9. A job's video was made from that job's prompt, and is there, whole."""
    for job in known.jobs.values():
        if job.state != JobState.SUCCEEDED or job.deletes_assets:
            continue
        if len(job.generations) < job.variants and job.id not in known.world.provider.content_faults:
            yield f"{job.id} has {len(job.generations)} of {job.variants} videos"
        for generation in job.generations:
            blob = known.world.container.committed.get(generation.blob)
            shown = prompt_of(blob.data) if blob else None
            if shown != job.prompt:
                yield f"{generation.id} shows {shown!r}, and {job.prompt!r} was asked for"


CHECKS = (
    every_job_ends,
    one_render_per_job,
    paid_renders_are_kept,
    states_move_forward,
    money_is_settled_once,
    lanes_keep_their_limits,
    indexes_agree,
    videos_show_their_prompt,
    *answers.CHECKS,
)


def _is_abandoned_for_a_reason(known: Evidence, job: Job) -> bool:
    provider = known.world.provider
    match job.problem.code if job.problem else None:
        case _ if job.deleted_at:
            return True
        case Code.CANCELLED:
            return job.cancel_requested
        case _ if job.render_id and known.is_twin(job.render_id):  # it surfaced after the end: a retry stores it
            return _is_told_as_paid(job)
        case Code.SUBMISSION_UNCLEAR:  # and so it does after a resolve
            return _is_told_as_paid(job)
        case Code.STORAGE:
            return job.id in provider.content_faults
        case Code.RENDER_GONE:
            return any(provider.is_gone(render) for render in provider.renders if render.id == job.render_id)
        case _:
            return False


def _is_told_as_paid(job: Job) -> bool:
    return job.cost_state == "settled" and job.problem is not None and job.problem.money == "spent"


def _wrong_cost(known: Evidence, job: Job) -> str | None:
    """Tell what is wrong with what a job is said to have cost: each render once, what it began with nothing."""
    price = job.seconds * job.variants * _USD_PER_SECOND if known.buys(job) else Decimal(0)
    renders = known.twins(job) | {job.render_id} - {None}
    most = price * len(renders)
    least = most / job.variants  # a render may have made fewer videos than were ordered
    if job.cost_usd is None or not least <= job.cost_usd <= most:
        return f"cost {job.cost_usd} USD for {len(renders)} renders of {price} USD"
    return None


def _is_paid(known: Evidence, create: Create) -> bool:
    provider = known.world.provider
    return any(provider.is_paid(render) for render in provider.renders if render.id == create.render_id)


def _counts(known: Evidence, create: Create) -> bool:
    """Tell whether a render counts against its lane's cap: none that was, or may have been, given up does."""
    job = known.jobs.get(create.job or "")
    if job is None or known.is_twin(create.render_id or ""):
        return False
    return not any(
        one.concluded in {"absent", "unclear"} for other in known.alike(job) for one in known.attempts(other)
    )


def _high_water(flights: list[tuple[float, float]]) -> int:
    changes = sorted(change for begun, ended in flights for change in ((begun, 1), (ended, -1)))
    level, most = 0, 0
    for _, change in changes:
        level += change
        most = max(most, level)
    return most


def _belongs_to_nobody(known: Evidence) -> Iterator[str]:
    ids = {job.inv for job in known.there.values()}
    deleted = {job.inv for job in known.jobs.values() if job.deleted_at} - ids
    for partition, part in known.rows.items():
        for key, values in part.items():
            owners = deleted if key.startswith("gone!") else ids
            if partition.startswith("o!") and not key.startswith("key!") and key.split("!")[1] not in owners:
                yield f"{key} belongs to no job"
            if key.startswith("key!") and values["job_id"] not in known.jobs:
                yield f"{key} names {values['job_id']}, which is not there"


def _list_of(job: Job) -> str:
    ends = {JobState.SUCCEEDED: "done", JobState.FAILED: "failed", JobState.CANCELLED: "cancelled"}
    return ends.get(job.state, "open")


def _without_nonce(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "nonce"}


def _is_claimed(known: Evidence, job: Job) -> bool:
    where, what = _claim_place(known.world.plan.lanes[0]["endpoint"], job.render_id or "")
    return known.rows.get(where, {}).get(what, {}).get("job_id") == known.origin(job).id


def _list(creates: list[Create]) -> str:
    return ", ".join(
        f"{one.render_id} (sent {one.sent_s:.1f} s, accepted {one.accepted_s or 0:.1f} s)" for one in creates
    )


def _attempts(known: Evidence, job: Job | None) -> str:
    if job is None:
        return "no such job"
    kept = {"n", "concluded", "detail", "render_id", "server_error", "looked"}
    return json.dumps([one.model_dump(mode="json", include=kept) for one in known.attempts(job)])
