"""Whether a deployment takes one more render now: its cap of renders in flight, then its rate of creates.

The cap comes first, so a create refused for it uses up nothing of the rate; what counts is every create that was valid
and found room, those that moderation then refused included. (Which requests Azure counts is not documented.)
"""

from collections.abc import Iterable

from local.azure_openai import errors

_WINDOW_S = 60.0


def check_cap(leaving_at: Iterable[float], *, cap: int | None, now: float, tells_when: bool) -> None:
    """Raise 429 "Too many running tasks" when `cap` renders are in flight, given when each one leaves flight."""
    ends = sorted(end for end in leaving_at if end > now)
    if cap is not None and len(ends) >= cap:
        wait_s = min(ends[len(ends) - cap] - now, 60.0)
        raise errors.too_many_running(cap, wait_s if tells_when else None)


def check_rate(counted_at: Iterable[float], *, rate: int, now: float) -> None:
    """Raise 429 with the seconds to wait when the last minute already had `rate` creates."""
    recent = sorted(at for at in counted_at if now - at < _WINDOW_S)
    if len(recent) >= rate:
        raise errors.too_many_requests(rate, recent[len(recent) - rate] + _WINDOW_S - now)
