"""The rows of a pool, and what a range of them says: who waits, who runs, what the lanes remember. No requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from shared import rows, telemetry
from shared.admission import Slot, Ticket
from shared.lanes import shape_of
from shared.models.job import Job
from shared.rates import STATE_KEY, PoolState
from shared.rows import Row, Values

_PRIORITY_DIGIT = {"high": "0", "normal": "1"}
_NEVER_CHANGED = frozenset(
    {"owner", "size", "seconds", "variants", "priority", "created_at", "deadline_at", "traceparent"}
)


class TicketRow(BaseModel):
    """A job's row in its pool, while it waits and while it runs."""

    owner: str
    size: str
    seconds: int
    variants: int
    priority: str
    created_at: datetime
    deadline_at: datetime
    ready: bool = False
    lane: str | None = None
    holds_slot: bool = False
    admitted_at: datetime | None = None
    restarts: int = 0
    restarted_at: datetime | None = None
    look_until: datetime | None = None
    traceparent: str | None = None  # of the request that put it in: the job's story goes on there, whoever starts it
    version: str | None = None  # of the app that started the story last

    @property
    def shape(self) -> str:
        """What decides how long a render takes, as far as a job says it."""
        return shape_of(self.size, self.seconds, self.variants)


@dataclass(frozen=True)
class Member:
    """One row of the queue or of the admitted, as read."""

    key: str
    etag: str
    row: TicketRow


@dataclass
class Snapshot:
    """A pool as one range read found it; members by their job's ULID."""

    running: dict[str, Member] = field(default_factory=dict[str, Member])
    waiting: dict[str, Member] = field(default_factory=dict[str, Member])
    state: PoolState = field(default_factory=PoolState)
    state_etag: str | None = None
    is_whole: bool = True  # or cut off where more of it was not needed

    @property
    def tickets(self) -> list[Ticket]:
        """The tickets that are ready; one whose job is admitted is a late first try of its repeated insert."""
        return [
            Ticket(one.key, ulid, one.row.owner, one.row.size, one.row.seconds, one.row.variants, one.row.priority)
            for ulid, one in self.waiting.items()
            if one.row.ready and ulid not in self.running
        ]

    @property
    def slots(self) -> list[Slot]:
        """The slots that are held."""
        held = ((ulid, one.row) for ulid, one in self.running.items() if one.row.holds_slot)
        return [Slot(ulid, row.owner, row.lane or "") for ulid, row in held]


def ticket_key(job: Job) -> str:
    """Name the job's row while it waits: higher priority first, then older first."""
    return f"wait!{_PRIORITY_DIGIT[job.priority]}!{job.ulid}"


def run_key(job_id: str) -> str:
    """Name the job's row once it is admitted, by its id or its ULID."""
    return f"run!{job_id.removeprefix('job_')}"


def ticket_row(job: Job) -> TicketRow:
    """Make the row of a job that is put in."""
    return TicketRow(
        owner=job.owner,
        size=job.size,
        seconds=job.seconds,
        variants=job.variants,
        priority=_PRIORITY_DIGIT[job.priority],
        created_at=job.created_at,
        deadline_at=job.deadline_at,
        traceparent=telemetry.traceparent(),
    )


def values_of(row: TicketRow) -> Values:
    """Write down a job's row, what never changes of it in one property: every submit reads a hundred of them."""
    return rows.values_of(row, packed=_NEVER_CHANGED)


def snapshot_of(found: Sequence[Row]) -> Snapshot:
    """Sort the rows of one range into those who run, those who wait, and what the lanes remember."""
    read = Snapshot()
    for row in found:
        if row.key == STATE_KEY:
            read.state, read.state_etag = rows.model_of(PoolState, row.values), row.etag
        else:
            kind, ulid = row.key.split("!")[0], row.key.split("!")[-1]
            place = read.running if kind == "run" else read.waiting
            place[ulid] = Member(row.key, row.etag, rows.model_of(TicketRow, row.values))
    return read
