"""How jobs, times, sizes and money read on a terminal. Pure: everything comes in as arguments."""

from collections.abc import Sequence
from datetime import datetime

from client.errors import LabError, Problem
from client.models import Cost, Eta, Generation, Job, LabMetrics, LabStatus, LaneStatus, MetricSeries, Quote

_KILO = 1000
_MONEY = {
    "none": "Nothing was bought.",
    "may_be_spent": "A render may have been paid for.",
    "spent": "A render was paid for.",
}


def progress_line(job: Job) -> str:
    """Say how far a job is, without clocks, so that two equal lines mean that nothing changed."""
    parts = [job.state]
    if job.progress is not None and job.state != "queued":
        parts.append(f"{job.progress:.0f} %")
    if job.queue is not None:
        parts.append(f"position {job.queue.position}")
    if job.overdue:
        parts.append("overdue")
    return " · ".join(parts)


def clock_line(job: Job, now: datetime) -> str:
    """Say what the bar does not: the place in the queue, the time since the start, and what is probably left."""
    parts: list[str] = []
    if job.queue is not None:
        parts.append(f"position {job.queue.position}")
    if job.created_at is not None:
        parts.append(duration((job.finished_at or now).timestamp() - job.created_at.timestamp()))
    if job.eta is not None and job.eta.at is not None and not job.is_final:
        left_s = job.eta.at.timestamp() - now.timestamp()
        parts.append(f"about {duration(left_s)} left{_band(job.eta, now)}" if left_s > 0 else "any moment now")
    if job.overdue:
        parts.append("overdue")
    return " · ".join(parts)


def _band(eta: Eta, now: datetime) -> str:
    """Say between which times it probably is, where the two read differently."""
    if eta.earliest is None or eta.latest is None:
        return ""
    soonest, latest = (duration(one.timestamp() - now.timestamp()) for one in (eta.earliest, eta.latest))
    return f" ({soonest} to {latest})" if soonest != latest else ""


def duration(seconds: float) -> str:
    """Write seconds as 0:07, 12:34 or 1:02:03; a clock that is a little off never makes it negative."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def file_size(count: int) -> str:
    """Write a number of bytes in the largest unit that leaves at least 1."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < _KILO:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KILO
    return f"{size:.1f} GB"


def money(cost: Cost | None) -> str:
    """Write a cost and how final it is; an unknown price is never written as zero."""
    if cost is None or cost.usd is None:
        return "cost unknown"
    return f"${cost.usd:.2f}" + (f" ({cost.state})" if cost.state else "")


def quote_line(quote: Quote) -> str:
    """Say what a job would cost, and where the price is from."""
    price = "price unknown" if quote.usd is None else f"${quote.usd:.2f}"
    asked = f"{quote.model}, {quote.size}, {quote.seconds} s" + (f", {quote.variants} times" * (quote.variants > 1))
    return f"{price} for {asked} on {quote.lane}; price from {quote.price_source}"


def video_line(generation: Generation) -> str:
    """Describe a produced video: size, duration, bytes, sound."""
    parts: list[str] = []
    if generation.width and generation.height:
        parts.append(f"{generation.width}x{generation.height}")
    if generation.seconds is not None:
        parts.append(f"{generation.seconds:.1f} s")
    if generation.bytes is not None:
        parts.append(file_size(generation.bytes))
    if generation.has_audio is not None:
        parts.append("with sound" if generation.has_audio else "silent")
    return ", ".join(parts)


def job_lines(job: Job, now: datetime) -> list[str]:
    """Describe a job in full, a fact a line."""
    asked = [job.model, job.size, f"{job.seconds:g} s" if job.seconds else None]
    lines = [
        f"{job.id}  {progress_line(job)}",
        f"  prompt   {one_line(job.prompt or '', 200)}",
        f"  asked    {', '.join(word for word in asked if word)}",
        f"  time     {clock_line(job, now)}",
        f"  cost     {money(job.cost)}",
    ]
    lines += [f"  video    {generation.id}  {video_line(generation)}" for generation in job.generations]
    if job.problem is not None:
        lines += [f"  {line}" for line in problem_lines(job.problem)]
    return lines


def problem_lines(problem: Problem) -> list[str]:
    """Say what was wrong, where in the request, and what to do next."""
    said = f"{problem.title}: {problem.sentence}" if problem.money and problem.title else problem.sentence
    lines = [said + (f" [{problem.code}]" if problem.code else "")]
    lines += [f"  {item.pointer or '(the request)'}: {item.detail or 'not accepted'}" for item in problem.errors]
    if problem.money:
        lines.append(f"  {_MONEY.get(problem.money, problem.money)}")
    if problem.advice:
        lines.append(f"  {problem.advice}")
    return lines


def error_lines(error: LabError, url: str) -> list[str]:
    """Say what the lab answered, and what that means for how it was called."""
    lines = problem_lines(error.problem)
    if error.status in {401, 403}:
        lines.append(f"  {url} wants a key: set LAB_KEY to a function key of the lab.")
    elif error.status == 404 and error.problem.code is None:  # noqa: PLR2004 - no problem document: not our 404
        lines.append(f"  Is {url} the address of a lab, with its /api/v1?")
    return lines


def status_lines(status: LabStatus) -> list[str]:
    """Say whether the lab is ready, what it offers, and what is wrong with it."""
    lines = [("ready" if status.ready else "not ready") + (f", version {status.version}" if status.version else "")]
    if status.storage is not None and not status.storage.reachable:
        lines.append(f"  storage: {status.storage.detail or 'does not answer'}")
    lines += [f"  {fault.setting}: {fault.message}" for fault in status.faults]
    for model in status.models:
        offers = "; ".join(f"{', '.join(o.sizes)} for {_numbers(o.seconds)} s" for o in model.offers)
        lines.append(f"  {model.model}  {offers}")
        lines += [f"    {_lane_line(lane)}" for lane in model.lanes]
    return lines


def _numbers(values: Sequence[int]) -> str:
    in_a_row = len(values) > 2 and list(values) == list(range(values[0], values[-1] + 1))  # noqa: PLR2004 - "1 to 2" is no shorter
    return f"{values[0]} to {values[-1]}" if in_a_row else ", ".join(map(str, values))


def _lane_line(lane: LaneStatus) -> str:
    price = "price unknown" if lane.usd_per_second is None else f"${lane.usd_per_second} a second"
    limit = [] if lane.max_in_flight is None else [f"{lane.max_in_flight} at once"]
    return ", ".join([f"{lane.name}: {price}", *limit, *([lane.warning] if lane.warning else [])])


def one_line(text: str, longest: int) -> str:
    """Shorten any text to one printable line, so that a prompt can neither break a table nor move the cursor."""
    flat = "".join(character if character.isprintable() else " " for character in " ".join(text.split()))
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def metric_lines(found: LabMetrics) -> list[str]:
    """Say what a lab counted, a line for each metric and its labels."""
    if not found.metrics:
        return ["nothing was counted yet"]
    return [f"{_series_name(one):<56} {_series_value(one)}" for one in found.metrics]


def _series_name(one: MetricSeries) -> str:
    labels = ", ".join(f"{label} {value}" for label, value in one.labels.items() if value)
    return f"{one.name.removeprefix('lab.')} ({labels})" if labels else one.name.removeprefix("lab.")


def _series_value(one: MetricSeries) -> str:
    unit = "" if one.unit.startswith("{") else f" {one.unit}"
    if one.kind == "counter":
        return f"{one.total:g}{unit}"
    return f"mean {one.total / max(one.count, 1):.3g}, most {one.most:.3g}{unit}, of {one.count}"
