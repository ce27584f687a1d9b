"""What a pool as it was read foretells of a job in it. Pure: rows, lanes and the time come in."""

from collections.abc import Sequence
from datetime import datetime

from shared import polling
from shared.admission import Ticket
from shared.forecast import Forecast, Held, LaneNow, forecast
from shared.lanes import Lane
from shared.models.job import Job
from shared.pool_rows import Snapshot, TicketRow, ticket_key
from shared.rates import RATE_WINDOW


def of_job(job: Job, read: Snapshot, pool: Sequence[Lane], now: datetime) -> Forecast:
    """Foretell a job that waits, or that has been admitted and was not looked at yet."""
    begun = read.running.get(job.ulid)
    if begun is None:
        return of_ticket(ticket_key(job), read.tickets, read, pool, now)
    lane = next((one for one in pool if one.name == begun.row.lane), None)
    if lane is None:
        return Forecast(0, None)
    past = read.state.lane(lane.name).past(job.shape, lane.typical_render_s)
    return Forecast(0, polling.predict(None, _elapsed_s(begun.row, now), past))


def of_ticket(key: str, tickets: Sequence[Ticket], read: Snapshot, pool: Sequence[Lane], now: datetime) -> Forecast:
    """Foretell one of those that go on waiting."""
    lanes = [_lane_now(lane, read, now) for lane in pool]
    return forecast(key, tickets, _held(read, now), lanes, turns=read.state.turns, waits=read.state.waits)


def _lane_now(lane: Lane, read: Snapshot, now: datetime) -> LaneNow:
    memory = read.state.lane(lane.name)
    shapes = {member.row.shape for member in (*read.waiting.values(), *read.running.values())}
    return LaneNow(
        lane,
        {shape: memory.past(shape, lane.typical_render_s) for shape in shapes},
        [(now - token).total_seconds() for token in memory.tokens if token > now - RATE_WINDOW],
        max((memory.cooling_until - now).total_seconds(), 0.0) if memory.cooling_until else 0.0,
        memory.paused,
        memory.is_retired(lane),
    )


def _held(read: Snapshot, now: datetime) -> list[Held]:
    rows_held = (one.row for one in read.running.values() if one.row.holds_slot)
    return [Held(row.owner, row.lane or "", row.shape, _elapsed_s(row, now)) for row in rows_held]


def _elapsed_s(row: TicketRow, now: datetime) -> float:
    return max((now - (row.admitted_at or now)).total_seconds(), 0.0)
