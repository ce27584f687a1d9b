"""What `/lanes` and `/videos/quote` answer."""

from datetime import date, datetime

from pydantic import BaseModel, field_serializer

from shared import clock
from shared.lanes import Api
from shared.models.money import Usd


class LaneStatus(BaseModel):
    """One lane: its limits, what it is doing, and what an operator should know."""

    id: str
    model: str
    api: Api
    deployment: str
    is_paused: bool
    is_retired: bool
    cooling_until: datetime | None
    attention: str | None
    in_flight: int
    max_in_flight: int
    creates_last_minute: int
    creates_per_minute: int
    retired_on: date | None
    renders_s: dict[str, list[float]]

    @field_serializer("cooling_until")
    def _time(self, value: datetime | None) -> str | None:
        return clock.rfc3339(value) if value else None


class PoolStatus(BaseModel):
    """One model: how many jobs wait for it, and its lanes."""

    model: str
    waiting: int
    lanes: list[LaneStatus]


class LaneList(BaseModel):
    """Every model's lanes."""

    models: list[PoolStatus]


class Quote(BaseModel):
    """What a job would cost, before it is bought; `usd` is null where no price is known, never zero for that reason."""

    model: str
    size: str
    seconds: int
    variants: int
    lane: str
    usd: Usd
    usd_per_second: Usd
    price_source: str
