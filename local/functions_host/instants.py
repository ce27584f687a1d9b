"""Points in time as whole microseconds since 1970 (UTC), and the texts the host gives them.

Knows no clock but the system's.
"""

import time
from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_us() -> int:
    """The system's time now."""
    return time.time_ns() // 1000


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware datetime; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = aware - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def to_datetime(at_us: int) -> datetime:
    """The aware UTC datetime of a number of microseconds."""
    seconds, micros = divmod(at_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def parse(text: str) -> int:
    """Microseconds of an ISO 8601 text; raises ValueError for anything else."""
    return from_datetime(datetime.fromisoformat(text))


def exact(at_us: int, zone: str = "Z") -> str:
    """The text of a history event: fractional digits without trailing zeros, as the host writes them."""
    moment = to_datetime(at_us)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    return f"{text}.{fraction}{zone}" if fraction else f"{text}{zone}"


def to_the_second(at_us: int) -> str:
    """The text of a status: whole seconds."""
    return to_datetime(at_us).strftime("%Y-%m-%dT%H:%M:%SZ")
