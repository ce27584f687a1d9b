"""A lane as tests and benches of decisions need it: one size, and what they are about."""

from decimal import Decimal

from shared.lanes import Lane, Offer


def a_lane(
    name: str, *, cap: int, seconds: tuple[int, ...], rate: int = 60, usd: str | None = None, typical_s: float = 60
) -> Lane:
    """A lane of the model `m` for 1280x720, with so many renders at once and creates a minute."""
    return Lane.model_validate(
        {
            "name": name,
            "model": "m",
            "api": "videos",
            "endpoint": "http://127.0.0.1:1/v1",
            "deployment": "d",
            "max_in_flight": cap,
            "creates_per_minute": rate,
            "offers": (Offer(sizes=("1280x720",), seconds=seconds),),
            "default_size": "1280x720",
            "default_seconds": seconds[0],
            "typical_render_s": typical_s,
            "usd_per_second": usd and Decimal(usd),
        }
    )
