"""How a job's flight record is drawn on a terminal: a line an event, offsets from the start, progress as bars. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from client.models import FINAL_STATES, Timeline, TimelineEvent
from client.wording import duration, file_size, one_line

_BAR_CELLS = 20
_LONGEST_DETAIL = 120


def timeline_lines(timeline: Timeline) -> list[str]:
    """Draw the record, oldest first; times count from the first event."""
    if not timeline.events:
        return [f"{timeline.job_id}: nothing is on record"]
    start = timeline.events[0].at
    widest = max(len(one_line(event.kind, 24)) for event in timeline.events)
    lines = [f"{timeline.job_id}  from {start.astimezone():%Y-%m-%d %H:%M:%S}"]
    for event in timeline.events:
        offset = duration(event.at.timestamp() - start.timestamp())
        kind = one_line(event.kind, 24)
        lines.append(f"{offset:>8}  {_mark(event)} {kind:<{widest}}  {_about(event)}".rstrip())
    return lines


def _mark(event: TimelineEvent) -> str:
    if event.kind in FINAL_STATES:
        return "■"
    return "│" if event.kind == "looked" else "├"


def _about(event: TimelineEvent) -> str:
    known = _WORDS.get(event.kind)
    try:
        return known(event.data) if known else _plain(event.data)
    except (KeyError, TypeError, ValueError):  # a later server says it otherwise: then as it comes
        return _plain(event.data)


def _look(data: Mapping[str, Any]) -> str:
    progress, left_s = data.get("progress"), data.get("predicted_remaining_s")
    parts: list[str] = []
    if progress is not None:
        full = round(_BAR_CELLS * min(max(float(progress), 0), 100) / 100)
        parts.append(f"{'█' * full}{'░' * (_BAR_CELLS - full)} {float(progress):3.0f} %")
    if left_s is not None:
        parts.append(f"{duration(float(left_s))} to go")
    rest = {name: value for name, value in data.items() if name not in {"progress", "predicted_remaining_s"}}
    return "  ".join([*parts, *([_plain(rest)] if rest else [])])


def _copy(data: Mapping[str, Any]) -> str:
    seconds = data.get("seconds")
    took = "" if seconds is None else f" in {float(seconds):.1f} s"
    return f"{file_size(int(data['bytes']))}{took}  {one_line(str(data['id']), 60)}"


def _plain(data: Mapping[str, Any]) -> str:
    said = [f"{name.replace('_', ' ')} {value}" for name, value in data.items() if value is not None]
    return one_line(", ".join(said), _LONGEST_DETAIL)


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {"looked": _look, "copied": _copy}
