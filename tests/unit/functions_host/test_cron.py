"""NCRONTAB schedules."""

from datetime import UTC, datetime

import pytest

from local.functions_host.cron import CronError, parse_schedule


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "slot"),
    [
        ("*/5 * * * * *", "2026-01-01T00:00:00", "2026-01-01T00:00:05"),
        ("*/5 * * * * *", "2026-01-01T00:00:04.9", "2026-01-01T00:00:05"),
        ("0 */5 * * * *", "2026-01-01T00:59:59", "2026-01-01T01:00:00"),
        ("*/5 * * * *", "2026-01-01T00:01:00", "2026-01-01T00:05:00"),
        ("30 15 10 * * *", "2026-12-31T10:15:30", "2027-01-01T10:15:30"),
        ("0 0 9 * * MON-FRI", "2026-01-02T09:00:00", "2026-01-05T09:00:00"),
        ("0 0 0 * * 7", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("0 0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 1 jan,jul *", "2026-01-01T00:00:00", "2026-07-01T00:00:00"),
        ("0 10-20/5 * * * *", "2026-01-01T00:15:00", "2026-01-01T00:20:00"),
        ("0 50/5 * * * *", "2026-01-01T00:00:00", "2026-01-01T00:50:00"),
    ],
)
def test_next_slot(schedule: str, now: str, slot: str) -> None:
    """The first slot later than now."""
    assert parse_schedule(schedule).after(at(now)) == at(slot)


@pytest.mark.parametrize(
    "schedule",
    ["", "* *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * * MONDAYS", "5-1 * * * * *", "*/0 * * * * *"],
)
def test_bad_schedule_is_refused(schedule: str) -> None:
    """Field and value are named."""
    with pytest.raises(CronError):
        parse_schedule(schedule)


def test_schedule_without_dates_is_refused() -> None:
    """The 31st of February never comes."""
    with pytest.raises(CronError, match="no date that exists"):
        parse_schedule("0 0 0 31 2 *").after(at("2026-01-01T00:00:00"))
