"""The app with one guard taken out, for each guard: the suite has to miss it.

Each mutation replaces what stands guard, and nothing else. Guards that back each other are taken out together.
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from activities import find_render, finish_job, forget_job, look_at_render, submit_render, sweeper
from endpoints import video_job_ends
from shared import attempts, clock, jobs, media, rates, rivals, rows
from shared.models.job import Attempt, Job, JobState
from shared.models.problem import Code, job_problem
from shared.providers.dialect import Dialect
from shared.providers.port import Listing, NoAnswer, Render
from shared.rows import Change, Delete, Put, Replace
from tests.faults.rescue_mutations import RESCUE_MUTATIONS, Mutation

if TYPE_CHECKING:
    from shared.jobs import Stored


def _both(*mutations: Mutation) -> Mutation:
    def together() -> AbstractContextManager[Any]:
        stack = ExitStack()
        for mutation in mutations:
            stack.enter_context(mutation())
        return stack

    return together


def _attempt_outside_the_batch() -> AbstractContextManager[Any]:
    """The attempt is written after the job, in a batch of its own, and the reply to the job's is not believed."""

    async def begin(stored: Stored, lane: str, at: Any, _: Any = None) -> bool:
        n = stored.job.attempts + 1
        job = stored.job.changed(at, state=JobState.RUNNING, lane=lane, attempts=n)
        table = await attempts.storage.table()
        attempt = Put(f"try!{job.inv}!{n}", rows.values_of(Attempt(n=n, lane=lane, sent_at=at)))
        await rows.commit(table, jobs.partition(job.owner), [attempt])
        await jobs.save(stored, job)
        return True

    return patch.object(attempts, "begin", begin)


def _no_attempt_before_the_create() -> AbstractContextManager[Any]:
    """Submit takes an open attempt for nothing, as if attempts were not on record before the request leaves."""

    def known(job: Job, tried: list[attempts.Tried]) -> dict[str, Any] | None:
        if any(one.attempt.concluded is None for one in tried) and not job.state.is_final and not job.render_id:
            return None
        return _already_known(job, tried)

    return patch.object(submit_render, "_already_known", known)


def _refused_is_not_for_good() -> AbstractContextManager[Any]:
    def known(job: Job, tried: list[attempts.Tried]) -> dict[str, Any] | None:
        return _already_known(job, [one for one in tried if one.attempt.concluded != "refused"])

    return patch.object(submit_render, "_already_known", known)


_already_known = submit_render._already_known


def _no_rate_token() -> AbstractContextManager[Any]:
    async def take_token(model: str, lane_name: str) -> rates.Token:
        return rates.Token(rates.lane_of(model, lane_name), clock.now())

    return patch.object(rates, "take_token", take_token)


def _old_token_is_good() -> AbstractContextManager[Any]:
    return patch.object(submit_render, "_TOKEN_IS_FRESH", timedelta(days=1))


def _no_claim() -> AbstractContextManager[Any]:
    async def claim(endpoint: str, render_id: str, job: Job) -> str:
        await _claim(endpoint, render_id, job)
        return job.id

    async def claimed_by(*_: str) -> None:
        return None

    stack = ExitStack()
    stack.enter_context(patch.object(attempts, "claim", claim))
    stack.enter_context(patch.object(attempts, "claimed_by", claimed_by))
    return stack


_claim = attempts.claim


def _unguarded(kinds: tuple[str, ...]) -> Mutation:
    """Writes of rows whose key begins so are done whatever is there."""

    def mutation() -> AbstractContextManager[Any]:
        def operation(partition: str, change: Change, nonce: str) -> tuple[Any, ...]:
            if isinstance(change, Replace) and change.key.startswith(kinds):
                change = Put(change.key, change.values)
            if isinstance(change, Delete) and change.key.startswith(kinds):
                change = Delete(change.key)
            return _operation(partition, change, nonce)

        return patch.object(rows, "_operation", operation)

    return mutation


_operation = rows._operation


def _any_prompt_will_do() -> AbstractContextManager[Any]:
    def candidates(job: Job, listing: Listing) -> list[Render]:
        return [replace(render, prompt=job.prompt) for render in listing.renders]

    return patch.object(find_render, "_candidates", candidates)


def _an_unnamed_render_is_absent() -> AbstractContextManager[Any]:
    async def absent(stored: Stored, lost: Any, since_lost_s: float, _: list[str], *, resubmits: bool) -> Any:
        return await _absent(stored, lost, since_lost_s, [], resubmits=resubmits)

    return patch.object(find_render, "_absent", absent)


_absent = find_render._absent


def _no_rivals() -> AbstractContextManager[Any]:
    async def has_rival(*_: Any) -> bool:
        return False

    return patch.object(rivals, "has_rival", has_rival)


def _incomplete_lists_count() -> AbstractContextManager[Any]:
    async def list_since(self: Dialect, since: Any) -> Listing | NoAnswer:
        found = await _list_since(self, since)
        return Listing(()) if isinstance(found, NoAnswer) else found

    return patch.object(Dialect, "list_since", list_since)


_list_since = Dialect.list_since


def _cancel_frees_the_slot() -> AbstractContextManager[Any]:
    async def answer(stored: Stored, *about: Any) -> dict[str, Any]:
        if stored.job.cancel_requested:
            return {"kind": "succeeded", "sources": [], "render_s": None}
        return await _answer(stored, *about)

    return patch.object(look_at_render, "_answer", answer)


_answer = look_at_render._answer


def _finish_is_never_stale() -> AbstractContextManager[Any]:
    return patch.object(finish_job, "_may_have_render", lambda *_: False)


def _orphans_die_young() -> AbstractContextManager[Any]:
    return patch.object(forget_job, "ORPHAN_AFTER", timedelta(minutes=1))


def _keys_are_not_kept() -> AbstractContextManager[Any]:
    async def create(job: Job, key: jobs.SubmitKey | None) -> Any:
        del key
        return await _create(job, None)

    return patch.object(jobs, "create", create)


_create = jobs.create


def _conflicts_are_believed() -> AbstractContextManager[Any]:
    return patch.object(rows, "_witness", lambda _: None)


def _nothing_is_probed() -> AbstractContextManager[Any]:
    def probe(file: Any) -> media.Probe:
        file.read(1)
        return media.Probe(seconds=4.0, width=1280, height=720, has_audio=True, codec="h264", frame_rate=24.0)

    @contextlib.contextmanager
    def in_place() -> Any:
        with patch("tests.faults.world._probe", probe):
            yield

    return in_place()


def _one_404_is_gone() -> AbstractContextManager[Any]:
    async def missing(*_: Any) -> Any:
        return look_at_render._Gone("one 404")

    return patch.object(look_at_render, "_missing", missing)


def _no_story_is_started_again() -> AbstractContextManager[Any]:
    async def leave(*_: Any) -> None:
        return None

    return patch.object(sweeper, "_stories", leave)


def _tickets_stay_unready() -> AbstractContextManager[Any]:
    async def leave(*_: Any) -> None:
        return None

    return patch.object(sweeper, "_ticket", leave)


def _every_cancel_is_outright() -> AbstractContextManager[Any]:
    def ended(job: Job, now: Any) -> Job:
        problem = job_problem(Code.CANCELLED, "cancelled", money="none")
        return job.changed(now, state=JobState.CANCELLED, cost_state="released", problem=problem)

    return patch.object(video_job_ends, "_cancelled_job", ended)


_AFTER_A_REFUSAL = ("create refused=0.5", "hub again=0.6", "hub slow=0.3", "storage pause=0.2")
"""A second delivery of a refused order, while the story is on its way to end the job."""

MUTATIONS: dict[str, tuple[Mutation, tuple[str, ...]]] = {
    "an open attempt stops the next": (_no_attempt_before_the_create, ()),
    "attempt in one batch with the job": (_attempt_outside_the_batch, ()),
    "refused is for good, and no finish is stale": (
        _both(_refused_is_not_for_good, _finish_is_never_stale),
        _AFTER_A_REFUSAL,
    ),
    "a rate token for each attempt": (_no_rate_token, ()),
    "3 s from token to create": (_old_token_is_good, ("storage pause=0.08",)),
    "claim of a render": (_no_claim, ()),
    "ETag of the job": (_unguarded(("job!",)), ("hub twice", "hub again", "storage pause")),
    "ETag of an attempt": (_unguarded(("try!",)), ("hub twice=0.5", "create slow=0.5", "storage pause=0.2")),
    "ETags of job and attempt": (_unguarded(("job!", "try!")), ("hub twice", "hub again", "create lost")),
    "ETag of the pool's state": (_unguarded(("state",)), ("hub twice", "storage pause")),
    "ETags of a pool": (_unguarded(("state", "wait!", "run!")), ("hub twice", "storage pause")),
    "equal prompt": (_any_prompt_will_do, ("create vanished", "create late")),
    "an unnamed render is no absence": (_an_unnamed_render_is_absent, ("user nameless", "create error_taken")),
    "no rival on an exclusive lane": (_no_rivals, ("user nameless", "user exclusive", "create lost", "create late")),
    "complete listing": (_incomplete_lists_count, ("look error", "create late", "create error_late")),
    "slot held while draining": (_cancel_frees_the_slot, ("user cancel",)),
    "stale finish": (
        _finish_is_never_stale,
        ("user deadline", "hub again=0.6", "hub slow=0.3", "storage pause=0.2", "create busy=0.5"),
    ),
    "orphan's hour": (_orphans_die_young, ("storage pause",)),
    "key in the job's batch": (_keys_are_not_kept, ()),
    "a conflict is read before it is believed": (_conflicts_are_believed, ("storage lost",)),
    "probe before storing": (_nothing_is_probed, ("content cut", "content page")),
    "three 404s and the list": (_one_404_is_gone, ("look missing",)),
    "stories are started again": (_no_story_is_started_again, ()),
    "tickets are readied or removed": (_tickets_stay_unready, ()),
    "only a queued job is cancelled outright": (_every_cancel_is_outright, ()),
    **RESCUE_MUTATIONS,
}
"""By the guard's name: what takes it out, and the faults that its schedules have besides their own."""
