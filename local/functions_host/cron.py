"""NCRONTAB: cron with a leading field for seconds, as timer triggers use it. Pure; times are UTC."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_FIELDS = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_NAMES = {
    name: str(number)
    for names, first in (
        (("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1),
        (("sun", "mon", "tue", "wed", "thu", "fri", "sat"), 0),
    )
    for number, name in enumerate(names, first)
}
_YEARS_AHEAD = 8  # the longest gap of any date that exists: 29 February over a century


class CronError(Exception):
    """The text is no schedule; it says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values each field allows."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, moment: datetime) -> datetime:
        """The first slot later than ``moment``; raises CronError when there is none."""
        candidate = moment.replace(microsecond=0) + timedelta(seconds=1)
        last_year = candidate.year + _YEARS_AHEAD
        while candidate.year <= last_year:
            if not self._is_day(candidate):
                candidate = candidate.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif candidate.hour not in self.hours:
                candidate = candidate.replace(minute=0, second=0) + timedelta(hours=1)
            elif candidate.minute not in self.minutes:
                candidate = candidate.replace(second=0) + timedelta(minutes=1)
            elif candidate.second not in self.seconds:
                candidate += timedelta(seconds=1)
            else:
                return candidate
        raise CronError("the schedule names no date that exists")

    def _is_day(self, moment: datetime) -> bool:
        return moment.month in self.months and moment.day in self.days and (moment.weekday() + 1) % 7 in self.weekdays


def parse_schedule(text: str) -> Schedule:
    """Parse six fields (five: the seconds are 0); raises CronError."""
    fields = text.split()
    if len(fields) == len(_FIELDS) - 1:
        fields = ["0", *fields]
    if len(fields) != len(_FIELDS):
        raise CronError(f"'{text}' has {len(fields)} fields; a schedule has six: second minute hour day month weekday")
    return Schedule(*(_values(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True)))


def _values(field: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in field.lower().split(","):
        match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        if match is None:
            raise CronError(f"'{part}' is no value for {name}")
        first, last, step = match.groups()
        start = low if first == "*" else _number(first, name, low, high)
        if last is not None:
            end = _number(last, name, low, high)
        else:
            end = high if first == "*" or step is not None else start
        stride = int(step or 1)
        if stride < 1 or end < start:
            raise CronError(f"'{part}' is no range for {name}")
        values.update(range(start, end + 1, stride))
    return frozenset(values)


def _number(text: str, name: str, low: int, high: int) -> int:
    number = _NAMES.get(text, text)
    if name == "weekday" and number == "7":
        return 0
    if not number.isdigit() or not low <= int(number) <= high:
        raise CronError(f"'{text}' is not between {low} and {high}, as {name} must be")
    return int(number)
