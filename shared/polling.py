"""When to look again, and what to expect. Pure: given what was seen, seconds come out. Also every other duration that
the story of a job waits for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

MIN_LOOK_S = 3.0
MAX_LOOK_S = 60.0
PATIENT_LOOK_S = 300.0
PATIENT_AFTER_S = 3600.0
SHARE_OF_REMAINING = 0.6

ROUNDS_PER_EXECUTION = 12
"""continue_as_new after so many orders and looks together: a replay's cost grows with its history (8 rows a look, 12 a
lost order that is looked for).
"""

FIND_AFTER_S = (5, 15, 45, 120, 300, 600)
"""When a lost create is looked for, counted from the moment it was found lost."""

MIN_TIMER_S = 2.0
"""Durable timers may fire a second early, and those of a second at once; none of ours is shorter than this."""

CALL_TRIES = 6
STORE_TRIES = 6


def retry_delay_s(tried: int) -> float:
    """Seconds before an activity that raised is called again: 2, 4, 6 …; a new worker process needs about three."""
    return 2.0 * tried


def store_delay_s(tried: int) -> float:
    """Seconds before a copy that was cut is made again: 3, 9, 27 … at most a minute."""
    return min(3.0**tried, 60.0)


def not_sent_delay_s(failed: int) -> float:
    """Seconds before an order that never left is sent again, after so many in a row: 5, 10, 20 … at most a minute."""
    return min(5.0 * 2 ** (failed - 1), 60.0)


def moment(now: datetime, seconds: float) -> datetime:
    """Return the time so many seconds from now."""
    return now + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Prediction:
    """Seconds until the render is done: the expected value and an 80 % band."""

    remaining_s: float
    earliest_s: float
    latest_s: float


def predict(progress: int | None, elapsed_s: float, past_s: Sequence[float], typical_s: float) -> Prediction:
    """Predict the rest of a render from its progress, else from how long renders of its lane took.

    `progress` is 0..100 or None, `elapsed_s` counts from acceptance, `past_s` are whole durations of earlier renders.
    """
    if progress is not None and progress > 0:
        rest = elapsed_s * (100 - progress) / progress
        return Prediction(rest, rest * 0.6, rest * 1.6)
    low, middle, high = _quantiles(past_s, typical_s)
    if elapsed_s >= high:  # later than nine of ten: what is left grows with what has passed
        return Prediction(elapsed_s * 0.25, 0.0, elapsed_s)
    return Prediction(max(middle - elapsed_s, 0.0), max(low - elapsed_s, 0.0), high - elapsed_s)


def next_look_s(prediction: Prediction, elapsed_s: float, hint_s: float | None = None) -> float:
    """Seconds until the next look: 60 % of what is expected to remain, between 3 and 60, more patient after an hour.

    A provider's hint may only lengthen the wait, up to 60 s.
    """
    if elapsed_s > PATIENT_AFTER_S:
        return PATIENT_LOOK_S
    wait = min(max(SHARE_OF_REMAINING * prediction.remaining_s, MIN_LOOK_S), MAX_LOOK_S)
    return max(wait, min(hint_s, MAX_LOOK_S)) if hint_s is not None else wait


def next_find_s(looked: int, since_lost_s: float) -> float | None:
    """Seconds until the next search for a lost render, after `looked` searches; None when the last one was made."""
    if looked >= len(FIND_AFTER_S):
        return None
    return max(FIND_AFTER_S[looked] - since_lost_s, 0.0)


def _quantiles(past_s: Sequence[float], typical_s: float) -> tuple[float, float, float]:
    if len(past_s) < 2:  # noqa: PLR2004 - quantiles need two points
        middle = past_s[0] if past_s else typical_s
        return middle * 0.6, middle, middle * 1.6
    tenths = quantiles(past_s, n=10, method="inclusive")
    low, middle, high = sorted((tenths[0], tenths[4], tenths[8]))  # equal ones may be off by a float's last digit
    return low, middle, high
