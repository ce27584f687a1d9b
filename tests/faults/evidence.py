"""What is known of a lab once a schedule has been played: rows as the app's models, and every change of a job in order.

Collects; judges nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from shared import rows
from shared.ids import JobId, invert
from shared.models.job import Attempt, Job, JobState
from tests.faults.users import ACCEPTED
from tests.faults.virtual_time import BEGINNING

if TYPE_CHECKING:
    from tests.faults.provider import Create
    from tests.faults.world import World

Values = dict[str, Any]
_MEMORY_S = 86_000.0
"""As long as a provider keeps a render, nearly."""
_LATE_LOOKS_S = 3 * 3600.0
"""Within which a render that came up late is found, even where looks fail now and then."""


@dataclass(frozen=True)
class Version:
    """A job as it was from a moment on."""

    since_s: float
    job: Job


@dataclass
class Recorder:
    """Watches the table: every version of every job, when attempts were concluded, and what was deleted when."""

    versions: dict[str, list[Version]] = field(default_factory=dict[str, list[Version]])
    concluded_s: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    purged_s: dict[str, float] = field(default_factory=dict[str, float])
    beside: dict[str, dict[str, Values]] = field(default_factory=dict[str, dict[str, Values]])
    """Attempts and twins by the inverted id of their job and their key, also those that were deleted with it."""
    pool_rows: set[str] = field(default_factory=set[str])

    def see(self, partition: str, key: str, before: Values | None, after: Values | None) -> None:
        """Take note of one written row."""
        del before
        kind, _, rest = key.partition("!")
        if kind in {"run", "wait"}:
            (self.pool_rows.discard if after is None else self.pool_rows.add)(key)
        elif kind in {"try", "twin"} and after:
            self.beside.setdefault(rest.partition("!")[0], {})[key] = after
            self._attempt(rest, after)
        elif kind == "job" and "!" not in rest and partition.startswith("o!"):
            self._job(str(JobId(invert(rest))), after)

    def job(self, job_id: str) -> Job:
        """Return a job as it is now, or was last."""
        return self.versions[job_id][-1].job

    def job_at(self, job_id: str, at_s: float) -> Job | None:
        """Return a job as it was at a moment; None before it was written."""
        known = [one.job for one in self.versions.get(job_id, []) if one.since_s <= at_s]
        return known[-1] if known else None

    @property
    def changes(self) -> list[tuple[Job, Job]]:
        """Every change of a job, from what it was to what it became."""
        return [(one.job, two.job) for known in self.versions.values() for one, two in pairwise(known)]

    @property
    def open_jobs(self) -> list[str]:
        """The jobs that are not final."""
        return [job_id for job_id, known in self.versions.items() if not known[-1].job.state.is_final]

    def _job(self, job_id: str, values: Values | None) -> None:
        if values is None:
            self.purged_s[job_id] = _now_s()
        else:
            self.versions.setdefault(job_id, []).append(Version(_now_s(), rows.model_of(Job, values)))

    def _attempt(self, rest: str, values: Values) -> None:
        if "concluded" in json.loads(values.get("nested", "{}")) | values:
            attempt = rows.model_of(Attempt, values)
            if attempt.concluded:
                job_id = str(JobId(invert(rest.partition("!")[0])))
                self.concluded_s.setdefault((job_id, attempt.n), _now_s())


def _now_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Evidence:
    """A played lab, as those who judge want to see it."""

    world: World

    @cached_property
    def rows(self) -> dict[str, dict[str, Values]]:
        """All rows by partition and key."""
        return self.world.table.everything()

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """All jobs there ever were, as they were last, by id."""
        return {job_id: known[-1].job for job_id, known in self.world.recorder.versions.items()}

    @cached_property
    def there(self) -> dict[str, Job]:
        """The jobs whose rows have not been deleted, by id."""
        return {job_id: job for job_id, job in self.jobs.items() if job_id not in self.world.recorder.purged_s}

    def twins(self, job: Job) -> set[str]:
        """Return the renders on record as twins of a job's own."""
        beside = self.world.recorder.beside.get(job.inv, {})
        return {values["render_id"] for key, values in beside.items() if key.startswith("twin!")}

    def attempts(self, job: Job) -> list[Attempt]:
        """Return a job's attempts, oldest first."""
        beside = self.world.recorder.beside.get(job.inv, {})
        found = [rows.model_of(Attempt, values) for key, values in beside.items() if key.startswith("try!")]
        return sorted(found, key=lambda attempt: attempt.n)

    def born_s(self, job: Job) -> float:
        """When a job was written."""
        return self.world.recorder.versions[job.id][0].since_s

    def buys(self, job: Job) -> bool:
        """Tell whether a job was to have a render made: the others began with one."""
        return self.world.recorder.versions[job.id][0].job.state == JobState.QUEUED

    def took_over(self, job: Job) -> bool:
        """Tell whether a job began with the render of the one it retries."""
        return job.parent_id is not None and not self.buys(job)

    def origin(self, job: Job) -> Job:
        """Return the job whose render this one took over, itself where it took none over."""
        while self.took_over(job):
            job = self.jobs[job.parent_id or ""]
        return job

    @cached_property
    def claims(self) -> list[tuple[str, str]]:
        """All claims: the job's id and the render's."""
        parts = [part for partition, part in self.rows.items() if partition.startswith("render!")]
        return [(values["job_id"], values["render_id"]) for part in parts for values in part.values()]

    def attempt_of(self, create: Create) -> Attempt | None:
        """Return the attempt that a create was sent for: the last one begun before it left."""
        job = self.jobs.get(create.job or "")
        begun = [one for one in self.attempts(job) if _since_beginning(one) <= create.sent_s] if job else []
        return begun[-1] if begun else None

    @cached_property
    def bought(self) -> dict[str, list[Create]]:
        """The creates that were accepted, by the job that sent them."""
        found: defaultdict[str, list[Create]] = defaultdict(list)
        for create in self.world.provider.creates:
            if create.render_id and create.job:
                found[create.job].append(create)
        return found

    def surfaced_late(self, create: Create) -> bool:
        """Tell whether a render came up after the last search for it (section 5, item 1): no search could see it."""
        attempt = self.attempt_of(create)
        return attempt is not None and self._came_after(create, create.job or "", attempt)

    def _came_after(self, create: Create, job_id: str, attempt: Attempt) -> bool:
        """Tell whether a render came up after an attempt had been searched for the last time, and given up."""
        if attempt.concluded not in {"absent", "unclear"} or create.accepted_s is None:
            return False
        given_up_s = self.world.recorder.concluded_s[job_id, attempt.n]
        listed = self.world.provider.listed.get(job_id, [])
        searched_s = [begun_s for begun_s, ended_s in listed if ended_s <= given_up_s]
        if not searched_s:  # nothing proved anything: only the end of the provider's memory may
            return given_up_s - create.sent_s > _MEMORY_S
        return create.accepted_s > max(searched_s)

    def is_left_to_an_import(self, render_id: str) -> bool:
        """Tell whether somebody began to import a render, never heard that it was taken, and did not ask again."""
        users = self.world.users
        asked = [one for one in users.askings if one.what == "import" and one.job_id == render_id]
        told = [reply.asking for reply in users.replies if reply.is_heard and reply.status == ACCEPTED]
        return any(one not in told for one in asked)

    def is_candidate(self, render_id: str) -> bool:
        """Tell whether a job that is or was unclear names a render as one that may be its own."""
        timelines = (row for part in self.rows.values() for key, row in part.items() if key.startswith("event!"))
        named = any(row["kind"] == "unclear" and render_id in row["data"] for row in timelines)
        return named or any(render_id in job.problem.detail for job in self.jobs.values() if job.problem)

    def is_past_telling(self, create: Create) -> bool:
        """Tell whether a render came up after the last search for it, where lists do not say whose it may be."""
        return not self.world.plan.names_prompts and self.surfaced_late(create)

    def is_beyond_search(self, create: Create) -> bool:
        """Tell whether a render came up when nobody looked for it any more, or shortly before that."""
        attempt = self.attempt_of(create)
        looked_until_s = create.sent_s + _MEMORY_S if attempt else 0.0
        return create.accepted_s is not None and create.accepted_s > looked_until_s - _LATE_LOOKS_S

    def surfaced_after_all(self, alike: list[Job]) -> int:
        """Count the attempts, among jobs that may swap renders, that were given up before a render of theirs came up.

        The render that came up too late for one may be the order of another that had adopted the first one's.
        """
        if len(alike) == 1:
            return 0
        given_up = [(job.id, one) for job in alike for one in self.attempts(job)]
        ordered = [create for job in alike for create in self.bought.get(job.id, [])]
        ordered = [create for create in ordered if not self.surfaced_late(create)]
        return sum(any(self._came_after(create, job_id, one) for create in ordered) for job_id, one in given_up)

    def holders(self, render_id: str) -> list[Job]:
        """Return the jobs whose render this is: the one that claimed it, and those that took it over."""
        return [job for job in self.jobs.values() if job.render_id == render_id]

    def is_twin(self, render_id: str) -> bool:
        """Tell whether a render is on record as the twin of another."""
        return any(render_id in self.twins(job) for job in self.jobs.values())

    def alike(self, job: Job) -> list[Job]:
        """Return the jobs that may swap renders with this one, itself included: none that took one over."""
        return [
            one
            for one in self.jobs.values()
            if (one.prompt, one.size) == (job.prompt, job.size) and not self.took_over(one)
        ]


def _since_beginning(attempt: Attempt) -> float:
    return (attempt.sent_at - BEGINNING).total_seconds()
