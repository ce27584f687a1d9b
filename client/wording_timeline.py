"""How a job's flight record is drawn on a terminal: a line an event, offsets from the start, progress as bars. Pure."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from client.models import FINAL_STATES, Timeline, TimelineEvent
from client.wording import duration, file_size, one_line

_WIDE, _USUAL = 100, 76
_FEWEST_LETTERS = 20  # what is left for words on a terminal that is too narrow for any table
_DRAWN = {"progress", "predicted_remaining_s", "forecasts"}


def timeline_lines(timeline: Timeline, width: int = 100) -> list[str]:
    """Draw the record, oldest first; times count from the first event. What is too long goes on under itself."""
    if not timeline.events:
        return [f"{timeline.job_id}: nothing is on record"]
    start = timeline.events[0].at
    widest = max(len(_kind(event)) for event in timeline.events)
    room = max(width - widest - 15, _FEWEST_LETTERS)
    lines = [f"{timeline.job_id}  from {start.astimezone():%Y-%m-%d %H:%M:%S}"]
    for n, event in enumerate(timeline.events):
        offset = duration(event.at.timestamp() - start.timestamp())
        first, *more = textwrap.wrap(_about(event, width), room) or [""]
        lines.append(f"{offset:>8}  {_mark(event)} {_kind(event):<{widest}}  {first}".rstrip())
        line = " " if n == len(timeline.events) - 1 else "│"
        lines += [f"{'':>8}  {line} {'':<{widest}}  {rest}" for rest in more]
    return lines


def _kind(event: TimelineEvent) -> str:
    return one_line(event.kind.replace("_", " "), 24)


def _mark(event: TimelineEvent) -> str:
    if event.kind in FINAL_STATES:
        return "■"
    return "│" if event.kind == "looked" else "├"


def _about(event: TimelineEvent, width: int) -> str:
    known = _WORDS.get("final" if event.kind in FINAL_STATES else event.kind)
    try:
        return known(event.data, width) if known else _plain(event.data)
    except (KeyError, TypeError, ValueError):  # a later server says it otherwise: then as it comes
        return _plain(event.data)


def _look(data: Mapping[str, Any], width: int) -> str:
    progress, left_s, foretold = (data.get(name) for name in ("progress", "predicted_remaining_s", "forecasts"))
    cells = 20 if width >= _WIDE else 10 if width >= _USUAL else 0
    parts: list[str] = []
    if progress is not None:
        full = round(cells * min(max(float(progress), 0), 100) / 100)
        parts.append(f"{'█' * full}{'░' * (cells - full)} {float(progress):3.0f} %".strip())
    if foretold:
        held = sum(bool(one["in_band"]) for one in foretold)
        parts.append(f"{held} of {len(foretold)} forecasts held")
    elif left_s is not None:
        parts.append(f"{duration(float(left_s))} to go")
    rest = {name: value for name, value in data.items() if name not in _DRAWN}
    return "  ".join([*parts, *([_plain(rest)] if rest else [])])


def _copy(data: Mapping[str, Any], _: int) -> str:
    seconds = data.get("seconds")
    took = "" if seconds is None else f" in {float(seconds):.1f} s"
    return f"{file_size(int(data['bytes']))}{took}  {one_line(str(data['id']), 60)}"


def _admitted(data: Mapping[str, Any], _: int) -> str:
    return f"on {one_line(str(data['lane']), 40)} after {duration(float(data['waited_s']))} in the queue"


def _accepted(data: Mapping[str, Any], _: int) -> str:
    searches = int(data["found_after"])
    return f"by {one_line(str(data['lane']), 40)}" + (f", found after searching {searches} times" if searches else "")


def _final(data: Mapping[str, Any], _: int) -> str:
    usd = "cost unknown" if data["usd"] is None else f"${data['usd']}"
    made = f"{data['stored']} of {data['made']} stored, " if "made" in data else f"{data['code']}, "
    return f"{made}{usd} {data['cost']}"


def _plain(data: Mapping[str, Any]) -> str:
    said = [f"{name.replace('_', ' ')} {value}" for name, value in data.items() if value is not None]
    return one_line(", ".join(said), 400)


_WORDS: dict[str, Callable[[Mapping[str, Any], int], str]] = {
    "admitted": _admitted,
    "accepted": _accepted,
    "looked": _look,
    "copied": _copy,
    "final": _final,
}
