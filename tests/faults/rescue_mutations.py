"""The guards of delete, retry, resolve and import, and of renders that surface late, each taken out.

Each mutation replaces what stands guard, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from activities import forget_job, late_renders
from endpoints import video_job_ends, video_rescues
from shared import attempts, disposal, jobs, pools, rows, storage, takeover
from shared.ids import JobId
from shared.models.job import Job, JobRef, RetryRequest
from shared.rows import Change, Delete, Insert, Merge, Overwrite, Put

if TYPE_CHECKING:
    from shared.jobs import Stored
    from shared.lanes import Lane
    from shared.pool_rows import Member

Mutation = Callable[[], AbstractContextManager[Any]]


class _Instead:
    """A module as one caller sees it, with some of its functions replaced."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module, self._replaced = module, replaced

    def __getattr__(self, name: str) -> Any:
        return self._replaced[name] if name in self._replaced else getattr(self._module, name)


def _no_claim_at_import() -> AbstractContextManager[Any]:
    async def claim(lane: Lane, render_id: str, job: Job) -> str:
        del lane, render_id
        return job.id

    return patch.object(takeover, "claim", claim)


def _retry_looks_for_nothing() -> AbstractContextManager[Any]:
    async def salvageable(_: Job) -> None:
        return None

    return patch.object(takeover, "salvageable", salvageable)


def _one_404_is_enough_for_a_retry() -> AbstractContextManager[Any]:
    async def listed(*_: Any) -> None:
        return None

    return patch.object(takeover, "_listed", listed)


class _ConsentingRetry(RetryRequest):
    confirm_new_charge: bool = True


def _no_consent_is_needed() -> AbstractContextManager[Any]:
    return patch.object(video_rescues, "RetryRequest", _ConsentingRetry)


def _resolve_overwrites() -> AbstractContextManager[Any]:
    async def save(before: Stored, job: Job, **about: Any) -> bool:
        fresh = await jobs.read(job.owner, JobId.of(job.id))
        return fresh is not None and await jobs.save(replace(before, etag=fresh.etag), job, **about)

    return patch.object(video_rescues, "jobs", _Instead(jobs, save=save))


def _keys_are_looked_up_last() -> AbstractContextManager[Any]:
    async def sent_before(*_: Any) -> None:
        return None

    return patch.object(video_rescues, "jobs", _Instead(jobs, sent_before=sent_before))


def _delete_does_not_wait() -> AbstractContextManager[Any]:
    async def add_running(job: Job) -> bool:
        await pools.add_running(job)
        return True

    about = {"add_running": add_running, "add_or_renew_running": add_running}
    return patch.object(video_job_ends, "pools", _Instead(pools, **about))


def _delete_leaves_no_row() -> AbstractContextManager[Any]:
    async def add_running(job: Job) -> bool:
        return await pools.read_run(job.ref) is None

    about = {"add_running": add_running, "add_or_renew_running": add_running}
    return patch.object(video_job_ends, "pools", _Instead(pools, **about))


def _removals_take_whatever_is_there() -> AbstractContextManager[Any]:
    async def forget(model: str, member: Member) -> bool:
        return await pools._commit(model, [Delete(member.key)])

    return patch.object(pools, "forget", forget)


def _the_last_effect_disposes_of_nothing() -> AbstractContextManager[Any]:
    async def forget(ref: JobRef, held: Member | None, stored: Stored | None) -> None:
        del stored
        if held:
            await pools.forget(ref.model, held)

    return patch.object(forget_job, "forget", forget)


def _late_copies_stay() -> AbstractContextManager[Any]:
    async def is_due(_: JobRef) -> bool:
        return False

    return patch.object(disposal, "is_due", is_due)


def _late_looks_write_anyway() -> AbstractContextManager[Any]:
    def operation(partition: str, change: Change, nonce: str) -> tuple[Any, ...]:
        if isinstance(change, Overwrite) or (isinstance(change, Merge) and change.key.endswith("!live")):
            change = Put(change.key, change.values)
        return _operation(partition, change, nonce)

    return patch.object(rows, "_operation", operation)


_operation = rows._operation


def _twins_stand_alone() -> AbstractContextManager[Any]:
    async def record_twin(stored: Stored, job: Job, render_id: str) -> bool:
        if job.cost_state != stored.job.cost_state or job.cost_usd != stored.job.cost_usd:
            return await _record_twin(stored, job, render_id)
        twin = Insert(attempts._twin_key(job, render_id), {"render_id": render_id})
        await rows.commit(await storage.table(), jobs.partition(job.owner), [twin])
        return True

    return patch.object(attempts, "record_twin", record_twin)


_record_twin = attempts.record_twin


def _nobody_looks_for_late_renders() -> AbstractContextManager[Any]:
    async def look(_: JobRef) -> None:
        return None

    return patch.object(late_renders, "look", look)


def _a_deleted_job_leaves_no_mark() -> AbstractContextManager[Any]:
    async def purged(*_: Any) -> None:
        return None

    return patch.object(jobs, "purged", purged)


RESCUE_MUTATIONS: dict[str, tuple[Mutation, tuple[str, ...]]] = {
    "claim at import": (_no_claim_at_import, ("user import",)),
    "retry looks for the render first": (_retry_looks_for_nothing, ("user retry", "user cancel")),
    "a retry's 404 and the list": (_one_404_is_enough_for_a_retry, ("user retry", "user cancel", "look missing")),
    "consent to a new charge": (_no_consent_is_needed, ("user retry", "create vanished")),
    "ETag of the job at resolve": (
        _resolve_overwrites,
        ("user resolve", "create very_late=0.6", "storage pause=0.1"),
    ),
    "a takeover's key is looked up first": (_keys_are_looked_up_last, ("user import", "user retry", "look error")),
    "delete waits for the render": (_delete_does_not_wait, ("user delete", "user cancel")),
    "a row stands for a delete that was cut": (_delete_leaves_no_row, ("user delete", "storage crash_after")),
    "a row is removed as it was read": (
        _removals_take_whatever_is_there,
        ("user delete", "storage pause", "storage crash", "hub twice"),
    ),
    "the last effect disposes of a deleted job": (_the_last_effect_disposes_of_nothing, ("user delete",)),
    "a deleted job leaves a mark": (_a_deleted_job_leaves_no_mark, ("user import", "user delete")),
    "late copies are taken back": (_late_copies_stay, ("hub twice", "storage pause")),
    "a look writes over what is there": (_late_looks_write_anyway, ("user delete", "hub again", "storage pause=0.15")),
    "a twin in one batch with the job": (
        _twins_stand_alone,
        ("user delete", "user cancel", "hub twice=0.5", "create slow=0.5", "create lost=0.3", "storage pause=0.1"),
    ),
    "late renders are looked for": (_nobody_looks_for_late_renders, ("create very_late",)),
}
"""By the guard's name: what takes it out, and the faults that its schedules have besides their own."""
