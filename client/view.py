"""What one sees while a job is watched: a live bar on a terminal, a line per change anywhere else."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from client.models import Job
from client.wording import clock_line, progress_line

REFRESHES_PER_S = 4


class View(Protocol):
    """Something that shows a job each time it changed."""

    def show(self, job: Job) -> None:
        """Show the job as it is now."""
        ...


@contextmanager
def view_on(console: Console) -> Generator[View]:
    """Choose the view that fits the console."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[percent]}"),
        _Clock(),
    )
    with Progress(*columns, console=console, refresh_per_second=REFRESHES_PER_S) as progress:
        yield _Bar(progress)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""

    def show(self, job: Job) -> None:
        line = progress_line(job)
        if line != self._last:
            self._console.print(f"{job.id}  {line}", markup=False, highlight=False, soft_wrap=True)
        self._last = line


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("sending", total=None, percent="", job=None)

    def show(self, job: Job) -> None:
        done = 100 if job.state == "succeeded" else job.progress
        known = done is not None and job.state != "queued"
        self._progress.update(
            self._task,
            description=job.state,
            total=100 if known or job.is_final else None,  # without a total the bar pulses
            completed=done or 0,
            percent=f"{done:.0f} %" if known else "",
            job=job,
        )


class _Clock(ProgressColumn):
    """Counts on between two looks: elapsed time and what is left are drawn from the clock at every refresh."""

    def render(self, task: Task) -> Text:
        job: Job | None = task.fields["job"]
        return Text("" if job is None else clock_line(job, datetime.now(UTC)))
