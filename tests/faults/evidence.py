"""What is known of a lab once a schedule has been played: rows as the app's models, and every change of a job in order.

Collects; judges nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared import rows
from shared.ids import JobId, invert
from shared.models.job import Attempt, Job
from tests.faults.virtual_time import BEGINNING

if TYPE_CHECKING:
    from tests.faults.provider import Create
    from tests.faults.world import World

Values = dict[str, Any]
_MEMORY_S = 86_000.0
"""As long as a provider keeps a render, nearly."""


@dataclass
class Recorder:
    """Watches the table: jobs as they change, and when each attempt was concluded."""

    changes: list[tuple[Job, Job]] = field(default_factory=list[tuple[Job, Job]])
    concluded_s: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])

    def see(self, partition: str, key: str, before: Values | None, after: Values | None) -> None:
        """Take note of one written row."""
        del partition
        kind, _, rest = key.partition("!")
        if kind == "job" and "!" not in rest and before and after:
            self.changes.append((rows.model_of(Job, before), rows.model_of(Job, after)))
        if kind == "try" and after and "concluded" in json.loads(after.get("nested", "{}")) | after:
            attempt = rows.model_of(Attempt, after)
            if attempt.concluded:
                job_id = str(JobId(invert(rest.split("!")[0])))
                self.concluded_s.setdefault((job_id, attempt.n), asyncio.get_running_loop().time())


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
        """All jobs by id."""
        found = [
            rows.model_of(Job, values)
            for partition, part in self.rows.items()
            if partition.startswith("o!")
            for key, values in part.items()
            if key.startswith("job!") and key.count("!") == 1
        ]
        return {job.id: job for job in found}

    def with_prefix(self, job: Job, kind: str) -> dict[str, Values]:
        """Return the rows of one kind that belong to a job."""
        part = self.rows.get(f"o!{job.owner}", {})
        return {key: values for key, values in part.items() if key.startswith(f"{kind}!{job.inv}!")}

    def attempts(self, job: Job) -> list[Attempt]:
        """Return a job's attempts, oldest first."""
        found = [rows.model_of(Attempt, values) for values in self.with_prefix(job, "try").values()]
        return sorted(found, key=lambda attempt: attempt.n)

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
        if attempt is None or attempt.concluded not in {"absent", "unclear"} or create.accepted_s is None:
            return False
        given_up_s = self.world.recorder.concluded_s[create.job or "", attempt.n]
        listed = self.world.provider.listed.get(create.job or "", [])
        searched_s = [begun_s for begun_s, ended_s in listed if ended_s <= given_up_s]
        if not searched_s:  # nothing proved anything: only the end of the provider's memory may
            return given_up_s - create.sent_s > _MEMORY_S
        return create.accepted_s > max(searched_s)

    def holder(self, render_id: str) -> Job | None:
        """Return the job whose render this is."""
        return next((job for job in self.jobs.values() if job.render_id == render_id), None)

    def is_twin(self, render_id: str) -> bool:
        """Tell whether a render is on record as the twin of another."""
        return any(
            values.get("render_id") == render_id
            for part in self.rows.values()
            for key, values in part.items()
            if key.startswith("twin!")
        )

    def alike(self, job: Job) -> list[Job]:
        """Return the jobs that may swap renders with this one, itself included."""
        return [one for one in self.jobs.values() if (one.prompt, one.size) == (job.prompt, job.size)]


def _since_beginning(attempt: Attempt) -> float:
    return (attempt.sent_at - BEGINNING).total_seconds()
