"""What lanes remember: recent creates, rests after a 429, how long renders took. One row, `state`, of the pool's
partition, changed only under its ETag.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, Field, field_serializer

from shared import clock, rows, storage
from shared.admission import Ticket
from shared.config import NotConfiguredError, configuration
from shared.lanes import Lane
from shared.polling import FEW, RATE_WINDOW_S, Past
from shared.rows import Change, Insert, Replace

T = TypeVar("T")

STATE_KEY = "state"
RATE_WINDOW = timedelta(seconds=RATE_WINDOW_S)
"""Fewer tokens than the lane's rate in this time, or the create waits."""

_TRIES = 30
_KEPT_DURATIONS = 40  # of each shape
_KEPT_SHAPES = 8
_KEPT_RATIOS = 100
_MOST_PROBES = 16
_KEPT_WAITS = 60
_STRIDE = 7919  # a prime: one turn after the other chooses from all over the line
_PROBE_LIVES = timedelta(days=1)


class LaneState(BaseModel):
    """What a lane remembers: its recent creates, until when it rests, whether it is paused, what of it has said that it
    is retired, how long renders took.

    `durations_s` are by shape (size, seconds, variants), from acceptance until the end was seen; `ratios` say what
    remained over what progress had foretold, for the looks of past renders.
    """

    tokens: list[datetime] = Field(default_factory=list[datetime])
    cooling_until: datetime | None = None
    paused: bool = False
    retired: str | None = None
    attention: str | None = None
    durations_s: dict[str, list[float]] = Field(default_factory=dict[str, list[float]])
    ratios: list[float] = Field(default_factory=list[float])

    @field_serializer("tokens")
    def _short(self, tokens: list[datetime]) -> list[float]:
        return [token.timestamp() for token in tokens]  # the row is one property of 32 Ki characters

    def is_retired(self, lane: Lane) -> bool:
        """Tell whether what the lane sends orders to has answered 410, and has taken none since."""
        return self.retired == lane.target

    def take(self, creates_per_minute: int, now: datetime) -> float | None:
        """Take the right to one create; the seconds to wait where there is none yet."""
        self.tokens = [token for token in self.tokens if token > now - RATE_WINDOW]
        if self.cooling_until and self.cooling_until > now:
            return (self.cooling_until - now).total_seconds()
        if len(self.tokens) >= creates_per_minute:
            oldest = sorted(self.tokens)[-creates_per_minute]
            return (oldest + RATE_WINDOW - now).total_seconds()
        self.tokens.append(now)
        return None

    def remember(self, shape: str, render_s: float, ratios: Sequence[float]) -> None:
        """Learn from a render that succeeded. So much is kept of the shape, and of the shapes that were last seen."""
        known = self.durations_s.pop(shape, [])
        self.durations_s[shape] = [*known, round(render_s, 1)][-_KEPT_DURATIONS:]
        for oldest in list(self.durations_s)[:-_KEPT_SHAPES]:
            del self.durations_s[oldest]
        self.ratios = [*self.ratios, *(round(ratio, 2) for ratio in ratios)][-_KEPT_RATIOS:]

    def past(self, shape: str, typical_s: float) -> Past:
        """Tell what is known of renders of a shape; of one that is rare here, what is known of all others."""
        own = self.durations_s.get(shape, [])
        every = [duration for durations in self.durations_s.values() for duration in durations]
        return Past(typical_s, own if len(own) >= FEW else every, self.ratios)


class Probe(BaseModel):
    """When a waiting job was foretold the end of its render, and in how many seconds."""

    at: datetime
    foretold_s: float


class PoolState(BaseModel):
    """The row `state`: every lane by name, the number of each owner's last start, how right forecasts of waits were.

    `probes` are forecasts of some that wait, held against the end of their renders; `waits` are real over foretold.
    """

    lanes: dict[str, LaneState] = Field(default_factory=dict[str, LaneState])
    turns: dict[str, int] = Field(default_factory=dict[str, int])
    probes: dict[str, Probe] = Field(default_factory=dict[str, Probe])
    waits: list[float] = Field(default_factory=list[float])

    def probed(self, tickets: Sequence[Ticket], now: datetime) -> Ticket | None:
        """Choose a waiting job to be foretold and held against its end: another each turn, a few at a time."""
        self.probes = {one: probe for one, probe in self.probes.items() if now - probe.at < _PROBE_LIVES}
        if not tickets or len(self.probes) >= _MOST_PROBES:
            return None
        chosen = tickets[max(self.turns.values(), default=0) * _STRIDE % len(tickets)]
        return None if chosen.ulid in self.probes else chosen

    def probe(self, ulid: str, now: datetime, foretold_s: float) -> None:
        """Remember what a waiting job would be told now."""
        if foretold_s > 0:
            self.probes[ulid] = Probe(at=now, foretold_s=round(foretold_s, 1))

    def learn_wait(self, ulid: str, now: datetime) -> None:
        """Hold what a job was foretold, if it was a probe, against the end of its render."""
        if probe := self.probes.pop(ulid, None):
            ratio = (now - probe.at).total_seconds() / probe.foretold_s
            self.waits = [*self.waits, round(ratio, 2)][-_KEPT_WAITS:]

    def lane(self, name: str) -> LaneState:
        """Return the lane's memory, an empty one at first."""
        return self.lanes.setdefault(name, LaneState())


@dataclass(frozen=True)
class Token:
    """A create is allowed on this lane, now."""

    lane: Lane
    at: datetime


@dataclass(frozen=True)
class Wait:
    """No create before so many seconds."""

    seconds: float


def lane_of(model: str, name: str) -> Lane:
    """Find a lane in the settings; NotConfiguredError when it was taken out of them."""
    known = configuration().pools.get(model)
    lane = known.lane(name) if known else None
    if lane is None:
        raise NotConfiguredError(f"the lane {name} of {model} is not in the settings any more")
    return lane


async def take_token(model: str, lane_name: str) -> Token | Wait:
    """Take the right to send one create on a lane now, or learn how long to wait. Two requests."""
    lane = lane_of(model, lane_name)

    def take(memory: LaneState, now: datetime) -> Token | Wait:
        wait_s = memory.take(lane.creates_per_minute, now)
        return Token(lane, now) if wait_s is None else Wait(wait_s)

    return await _update(model, lane_name, take, written=lambda taken: isinstance(taken, Token))


async def cool(model: str, lane_name: str, seconds: float) -> None:
    """Let a lane rest after a 429: no create for so many seconds. A rest that is already longer stays."""

    def rest(memory: LaneState, now: datetime) -> bool:
        until = now + timedelta(seconds=seconds)
        if memory.cooling_until and memory.cooling_until >= until:
            return False
        memory.cooling_until = until
        return True

    await _update(model, lane_name, rest)


async def pause(model: str, lane_name: str, *, paused: bool) -> None:
    """Close a lane for new renders, or open it again, one that said it is retired too; what it renders goes on."""

    def close(memory: LaneState) -> None:
        memory.paused = paused
        if memory.retired and not paused:
            memory.retired = memory.attention = None

    await _note(model, lane_name, close)


async def note_attention(model: str, lane_name: str, what: str | None, *, retired: str | None = None) -> None:
    """Note what an operator has to do about a lane, or None when that is over; `retired` is a target that answered 410.

    It stays so until the lane takes an order again, or is resumed: looks go on being answered there.
    """

    def note(memory: LaneState) -> None:
        memory.attention, memory.retired = what, retired or memory.retired

    await _note(model, lane_name, note)


async def note_accepted(model: str, lane_name: str) -> None:
    """Note that a lane has taken an order: nothing is wrong with it."""

    def note(memory: LaneState) -> None:
        memory.attention = memory.retired = None

    await _note(model, lane_name, note)


async def memory_of(model: str, lane_name: str) -> LaneState:
    """Return what a lane remembers. One request."""
    state, _ = await _read_state(model)
    return state.lane(lane_name)


async def _read_state(model: str) -> tuple[PoolState, str | None]:
    table = await storage.table()
    found = await rows.read(table, partition(model), STATE_KEY)
    return (rows.model_of(PoolState, found.values), found.etag) if found else (PoolState(), None)


def state_change(state: PoolState, etag: str | None) -> Change:
    """Write the memory as it was read and changed; the first one ever is an insert."""
    values = rows.values_of(state)
    return Insert(STATE_KEY, values) if etag is None else Replace(STATE_KEY, etag, values)


def partition(model: str) -> str:
    """Name the partition of a pool."""
    return f"pool!{model}"


async def _note(model: str, lane_name: str, note: Callable[[LaneState], None]) -> None:
    """Change what a lane remembers, with no write where that is so already."""

    def change(memory: LaneState, _: datetime) -> bool:
        before = memory.model_copy()
        note(memory)
        return memory != before

    await _update(model, lane_name, change)


async def _update(
    model: str,
    lane_name: str,
    change: Callable[[LaneState, datetime], T],
    written: Callable[[T], bool] = bool,
) -> T:
    """Change what a lane remembers under the row's ETag, again while others are faster; `written` tells when to."""
    for tried in range(_TRIES):
        await asyncio.sleep(random.uniform(0, 0.02) * tried)  # noqa: S311 - spreads contenders, hides nothing
        state, etag = await _read_state(model)
        outcome = change(state.lane(lane_name), clock.now())
        if not written(outcome) or await _write(model, state, etag):
            return outcome
    raise TimeoutError(f"the pool {model} was changed by others {_TRIES} times in a row")


async def _write(model: str, state: PoolState, etag: str | None) -> bool:
    return await rows.commit(await storage.table(), partition(model), [state_change(state, etag)])
