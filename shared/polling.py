"""When to look again, and what to expect. Pure: given what was seen, seconds come out. Also every other duration that
the story of a job waits for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

MIN_LOOK_S = 3.0
MAX_LOOK_S = 60.0
PATIENT_LOOK_S = 300.0
PATIENT_AFTER_S = 3600.0
SHARE_OF_REMAINING = 0.6

RATE_WINDOW_S = 65.0
"""A minute and what clocks may differ; so long a create counts against its lane's rate."""

FEW = 5
"""Fewer past values than this say less than the usual spread."""

UNKNOWN_SPREAD = (0.6, 0.75, 0.9, 1.0, 1.1, 1.3, 1.6)
"""What real over expected is assumed to be while there is no past to learn it from."""

LATE_SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""What may remain of a render that is later than nearly all before it, in shares of the time that has passed."""

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
    return min(5.0 * 2 ** min(failed - 1, 10), 60.0)


def moment(now: datetime, seconds: float) -> datetime:
    """Return the time so many seconds from now."""
    return now + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Prediction:
    """Seconds until the render is done: the expected value and an 80 % band."""

    remaining_s: float
    earliest_s: float
    latest_s: float


@dataclass(frozen=True)
class Past:
    """What is known of earlier renders like this one: how long each took, and real over foretold rests of their looks.

    Where a lane has no past yet, `typical_s` stands for it.
    """

    typical_s: float
    durations_s: Sequence[float] = ()
    ratios: Sequence[float] = ()


def predict(progress: int | None, elapsed_s: float, past: Past) -> Prediction:
    """Predict the rest of a render from its progress, else from how long others took that were not done by then.

    `progress` is 0..100 or None, `elapsed_s` counts from acceptance. The band is made of past errors, so that it holds
    as often as it says; without a past it is a guess, and a wide one.
    """
    if progress is not None and progress > 0:
        low, middle, high = band(past.ratios if len(past.ratios) >= FEW else UNKNOWN_SPREAD)
        rest_s = foretold_s(progress, elapsed_s)
        return Prediction(rest_s * middle, rest_s * low, rest_s * high)
    low_s, middle_s, high_s = band(rests_s(elapsed_s, past))
    return Prediction(middle_s, low_s, high_s)


def foretold_s(progress: int, elapsed_s: float) -> float:
    """Say what remains if the render goes on as fast as it did: the plain rule that past errors then correct."""
    return elapsed_s * (100 - progress) / progress


def rests_s(elapsed_s: float, past: Past) -> list[float]:
    """List what may remain, each as likely as the others: the rests of past renders that took longer than this so far.

    Of few or no past renders the usual spread is assumed; one later than nearly all others may take as long again.
    """
    known = past.durations_s
    if len(known) < FEW:
        middle = median(known) if known else past.typical_s
        known = [middle * share for share in UNKNOWN_SPREAD]
    rests = [duration - elapsed_s for duration in known if duration > elapsed_s]
    if len(rests) >= FEW:
        return rests
    return rests + [elapsed_s * share for share in LATE_SHARES]


def band(values: Sequence[float]) -> tuple[float, float, float]:
    """Tell where four of five further values will lie, and the middle; never below zero, and honest about few."""
    tenths = quantiles(values, n=10)
    low, middle, high = sorted((max(tenths[0], 0.0), tenths[4], max(tenths[8], 0.0)))
    return low, middle, high


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
