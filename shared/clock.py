"""The one place that reads the wall clock, and how times are written."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, UTC, aware."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339 UTC with milliseconds, `2026-11-22T19:42:47.236Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
