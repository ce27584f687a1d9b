"""What users were told, held against what became of it: keys, deleted jobs, retries and imports.

Part of the invariants (architecture, section 5); each gives sentences that say what is broken, none when it holds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shared.models.job import JobState
from tests.faults.users import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.models.job import Job
    from tests.faults.evidence import Evidence
    from tests.faults.users import Asking, Reply

_GONE, _NOT_FOUND = 410, 404
_HEARD = {
    "submit": {ACCEPTED, _GONE},
    "cancel": {200, 202, 404, 409},
    "delete": {204, 404},
    "delete failed": {200},
    "look at deleted": {404},
    "submit deleted": {410},
    "retry": {ACCEPTED, _NOT_FOUND, 409, _GONE},
    "resolve": {200, 404, 409},
    "import": {ACCEPTED, _NOT_FOUND, 409, _GONE},
}
"""What a client may hear, besides that something does not work at the moment."""


def keys_give_one_job(known: Evidence) -> Iterator[str]:
    """7. The same Idempotency-Key and request gives the same job; and what was accepted is there, or was deleted."""
    users = known.world.users
    for asking in users.askings:
        heard = [reply for reply in users.replies if reply.asking is asking and reply.is_heard]
        accepted = {reply.body["id"] for reply in heard if reply.status == ACCEPTED}
        if asking.what in {"submit", "retry", "import"}:
            for job_id in accepted - known.jobs.keys():
                yield f"{job_id} was accepted and is not there"
        if asking.key and len(accepted) > 1:
            yield f"the key {asking.key} gave {', '.join(sorted(accepted))}"
        if asking.key and accepted:
            yield from _replays(known, asking, heard)
    wanted = Counter[str]()
    for asking in users.askings:
        wanted[asking.prompt or ""] += asking.most_jobs
    for prompt, count in Counter(job.prompt for job in known.jobs.values()).items():
        if count > wanted[prompt]:
            yield f"{count} jobs for {prompt!r}, and {wanted[prompt]} were asked for"


def answers_are_true(known: Evidence) -> Iterator[str]:
    """Whoever asks hears what is so: a deleted job is gone, and its key with it (410)."""
    for reply in known.world.users.replies:
        asking = reply.asking
        if reply.is_heard and reply.status not in _HEARD[asking.what]:
            yield f"{asking.what} of {asking.job_id}: {reply.status} {reply.body}"
        if reply.status == _NOT_FOUND and asking.what in {"delete", "retry", "cancel"} and _is_shown(known, asking):
            yield f"{asking.what} of {asking.job_id}: 404, and it is there"
        if reply.status == _GONE and not _was_deleted(known, asking):
            yield f"{asking.what} with the key {asking.key}: 410, and its job was not deleted"


def retries_take_over(known: Evidence) -> Iterator[str]:
    """A retry takes over what is there, for nothing; and buys only where the parent's render is known not to be."""
    for asking in (one for one in known.world.users.askings if one.what == "retry"):
        replies = [reply for reply in known.world.users.replies if reply.asking is asking]
        children = {reply.body["id"] for reply in replies if reply.status == ACCEPTED} & known.jobs.keys()
        for child in (known.jobs[job_id] for job_id in sorted(children)):
            parent = known.world.recorder.job_at(asking.job_id or "", replies[0].begun_s)
            if child.parent_id != asking.job_id or parent is None:
                yield f"{child.id} is the retry of {asking.job_id} and names {child.parent_id}"
            elif child.prompt == parent.prompt and not known.took_over(child) and _was_there(known, parent, child):
                yield f"{child.id} was bought, and {parent.render_id} of {parent.id} was there"
            elif not known.took_over(child) and not _confirmed(asking) and _is_disputed(known, parent, child):
                yield f"{child.id} was bought without a word, and the cost of {parent.id} is disputed"


def renders_have_one_claim(known: Evidence) -> Iterator[str]:
    """A claim names a job that is, or was, or that its import is to make when it is sent again after it was cut; two
    jobs have one render only where one took it over from the other.
    """
    for job_id, render_id in known.claims:
        if job_id not in known.jobs and not known.is_left_to_an_import(render_id):
            yield f"{render_id} is claimed by {job_id}, which never was"
    for job in known.jobs.values():
        origins = {known.origin(one).id for one in known.holders(job.render_id)} if job.render_id else set[str]()
        if len(origins) > 1:
            yield f"{job.render_id} belongs to {', '.join(sorted(origins))}"


def deleted_jobs_leave_nothing(known: Evidence) -> Iterator[str]:
    """A deleted job's rows go, its videos where that was asked, but not before its render has drained."""
    for job in known.there.values():
        if job.deleted_at:
            yield f"{job.id} is deleted, and its rows are still there"
    for job_id, purged_s in known.world.recorder.purged_s.items():
        job = known.jobs[job_id]
        kept = [name for name in known.world.container.committed if f"/{job_id}/" in name]
        if job.deletes_assets and kept:
            yield f"{job_id} is deleted with its videos, and {', '.join(kept)} is still there"
        for render in known.world.provider.renders:
            ends_s = known.world.provider.flight(render)[1]
            if render.id == job.render_id and ends_s > purged_s and known.origin(job) is job:
                yield f"{job_id} went at {purged_s:.0f} s, and {render.id} ended at {ends_s:.0f} s"


CHECKS = (
    keys_give_one_job,
    answers_are_true,
    retries_take_over,
    renders_have_one_claim,
    deleted_jobs_leave_nothing,
)


def _replays(known: Evidence, asking: Asking, heard: list[Reply]) -> Iterator[str]:
    """A key that gave a job gives it again, until that is deleted; a retry cannot be asked of a deleted parent."""
    first = min((reply for reply in heard if reply.status == ACCEPTED), key=lambda reply: reply.ended_s)
    for reply in heard:
        if reply.begun_s < first.ended_s or reply.status in {ACCEPTED, _GONE}:
            continue
        if not (asking.what == "retry" and reply.status == _NOT_FOUND and not _is_shown(known, asking)):
            yield f"the key {asking.key} gave {first.body['id']}, and then {reply.status} {reply.body}"


def _is_shown(known: Evidence, asking: Asking) -> bool:
    job = known.jobs.get(asking.job_id or "")
    return job is not None and job.deleted_at is None


def _was_deleted(known: Evidence, asking: Asking) -> bool:
    """Tell whether one of the jobs that may have come of it was deleted."""
    prompts = {asking.prompt, (asking.body or {}).get("prompt")}
    return any(job.deleted_at for job in known.jobs.values() if job.prompt in prompts)


def _was_there(known: Evidence, parent: Job, child: Job) -> bool:
    """Tell whether the parent's render was known, and could have been stored, when the child was made."""
    provider = known.world.provider
    render = next((one for one in provider.renders if one.id == parent.render_id), None)
    if render is None or parent.state not in {JobState.FAILED, JobState.CANCELLED}:
        return False
    kept_s = known.world.provider.our_time(render.created_at) + provider.emulator.retention.seconds
    return provider.is_paid(render) and known.born_s(child) < kept_s - 60


def _confirmed(asking: Asking) -> bool:
    return bool((asking.body or {}).get("confirm_new_charge"))


def _is_disputed(known: Evidence, parent: Job, child: Job) -> bool:
    later = known.world.recorder.job_at(parent.id, known.born_s(child))
    return parent.cost_state == "disputed" and later is not None and later.cost_state == "disputed"
