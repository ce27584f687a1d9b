"""How right the looks of a render were, once its end was seen. Pure: what they foretold comes in, with the end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import polling
from shared.models.job import Live

_MOST_RATIOS = 6  # of one render: a long one must not outweigh many short ones


@dataclass(frozen=True)
class Forecast:
    """What a look foretold of the end, and what it came to."""

    progress: int | None
    predicted_s: float
    real_s: float
    held: bool

    @property
    def shown(self) -> dict[str, Any]:
        """The forecast as the timeline has it."""
        return {
            "progress": self.progress,
            "predicted_s": self.predicted_s,
            "real_s": round(self.real_s, 1),
            "in_band": self.held,
        }


def forecasts(live: Live, ended_at: datetime) -> list[Forecast]:
    """Hold every look's forecast against the end."""
    return [
        Forecast(one.progress, one.remaining_s, real_s, one.earliest_s <= real_s <= one.latest_s)
        for one in live.samples
        if (real_s := (ended_at - one.at).total_seconds()) >= 0
    ]


def ratios(live: Live, accepted_at: datetime, ended_at: datetime) -> list[float]:
    """Say for each look that was told progress what remained over what that had foretold, before any correction."""
    found = [
        (ended_at - one.at).total_seconds() / foretold_s
        for one in live.samples
        if one.progress and (foretold_s := polling.foretold_s(one.progress, (one.at - accepted_at).total_seconds())) > 0
    ]
    step = max(len(found) / _MOST_RATIOS, 1.0)
    return [round(found[int(n * step)], 3) for n in range(min(len(found), _MOST_RATIOS))]
