"""Cap and rate against a count done the long way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure_openai import limits
from local.azure_openai.errors import ApiError

MOMENTS = st.integers(0, 1600).map(lambda eighths: eighths / 8)  # held exactly, so that "a minute ago" is exact too
TIMES = st.lists(MOMENTS, max_size=12)


@given(TIMES, st.integers(1, 5), MOMENTS)
def test_cap_counts_what_leaves_later(ends: list[float], cap: int, now: float) -> None:
    """There is room exactly while fewer than the cap are still to leave."""
    if sum(end > now for end in ends) < cap:
        limits.check_cap(ends, cap=cap, now=now, tells_when=True)
    else:
        with pytest.raises(ApiError, match="Too many running tasks"):
            limits.check_cap(ends, cap=cap, now=now, tells_when=True)


def test_no_cap_is_never_reached() -> None:
    """Where concurrency is not limited, any number may be in flight."""
    limits.check_cap([float("inf")] * 1000, cap=None, now=0, tells_when=False)


@given(TIMES, st.integers(1, 5))
def test_rate_holds_in_every_minute_and_its_advice_is_good(asked: list[float], rate: int) -> None:
    """No 60 s see more creates than the rate; whoever waits as told gets in, whoever comes earlier does not."""
    taken: list[float] = []
    for now in sorted(asked):
        try:
            limits.check_rate(taken, rate=rate, now=now)
        except ApiError as refused:
            wait_s = int(refused.headers["retry-after-ms"]) / 1000
            assert 0 < wait_s <= 60.01
            limits.check_rate(taken, rate=rate, now=now + wait_s)
            limits.check_rate(taken, rate=rate, now=now + int(refused.headers["retry-after"]))
        else:
            taken.append(now)
        assert sum(now - 60 < at <= now for at in taken) <= rate
