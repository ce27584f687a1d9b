"""How lanes and their queues read on a terminal. Pure: everything comes in as arguments."""

from statistics import median

from client.models import LaneState, PoolState
from client.wording import duration


def pool_lines(pool: PoolState) -> list[str]:
    """Say how long the queue of a model is, then what each of its lanes does."""
    waiting = "nobody waits" if pool.waiting == 0 else f"{pool.waiting} waiting"
    return [f"{pool.model}: {waiting}", *(f"  {line}" for lane in pool.lanes for line in lane_lines(lane))]


def lane_lines(lane: LaneState) -> list[str]:
    """Describe a lane in a line, and in a second one what an operator should know."""
    facts = [
        f"{lane.in_flight} of {lane.max_in_flight} rendering",
        f"{lane.creates_last_minute} of {lane.creates_per_minute} creates this minute",
    ]
    facts += [f"{shape} about {duration(median(took))}" for shape, took in lane.renders_s.items() if took]
    notes = ["paused"] if lane.is_paused else []
    if lane.is_retired:
        notes.append(f"its provider says it is retired; `lab resume {lane.id}` tries it again")
    if lane.cooling_until is not None:
        notes.append(f"cooling until {lane.cooling_until.astimezone():%H:%M:%S}")
    if lane.retired_on is not None:
        notes.append(f"retirement date {lane.retired_on}")
    if lane.attention:
        notes.append(f"needs attention: {lane.attention}")
    return [f"{lane.id}  {', '.join(facts)}", *([f"  {'; '.join(notes)}"] if notes else [])]
