"""From an accepted job to files on the user's disk: watching it end, and saving what it produced."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from client.files import target
from client.lab import LabClient
from client.models import ContentLink, Job
from client.view import view_on


@dataclass(frozen=True, slots=True)
class Saved:
    """A video on disk, and the link it came through (which works until it expires)."""

    generation_id: str
    path: Path
    link: ContentLink


async def follow(lab: LabClient, job_id: str, console: Console) -> Job:
    """Show the job on the console until it has ended; returns it as it ended."""
    with view_on(console) as view:
        async for job in lab.watch(job_id):
            view.show(job)
            if job.is_final:
                return job
    raise AssertionError("a watch ends with a final job")


async def save(lab: LabClient, generation_ids: Sequence[str], out: str) -> list[Saved]:
    """Download generations to `out`, a directory or a file name as `files.target` understands them."""
    saved: list[Saved] = []
    for index, generation_id in enumerate(generation_ids):
        link = await lab.content_link(generation_id)
        path = target(out, link.file_name or f"{generation_id}.mp4", index=index, of=len(generation_ids))
        saved.append(Saved(generation_id, path, await lab.download(generation_id, path)))
    return saved
