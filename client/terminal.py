"""How the command speaks and ends: results on standard output, the rest on standard error, faults as exit codes."""

import asyncio
import json
import shutil
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import typer
from rich.console import Console

from client.delivery import Saved, follow, save
from client.errors import LabError, UnreachableError
from client.exits import Exit, exit_of
from client.lab import LabClient
from client.models import Job
from client.target import NoTargetError, find_target
from client.wording import error_lines, job_lines, money, video_line


def run(work: Callable[[LabClient], Coroutine[Any, Any, None]]) -> None:
    """Do the work against the lab that is meant; every expected fault becomes lines and an exit code."""
    url = ""

    async def connected() -> None:
        nonlocal url
        target = find_target()
        url = target.url
        async with LabClient(target.url, target.key) as lab:
            await work(lab)

    try:
        asyncio.run(connected())
    except NoTargetError as fault:
        fail(Exit.INVALID, [str(fault)])
    except LabError as fault:
        fail(exit_of(fault.status), error_lines(fault, url))
    except UnreachableError as fault:
        fail(Exit.UNREACHABLE, [str(fault)])
    except OSError as fault:
        fail(Exit.INVALID, [f"cannot write {fault.filename}: {fault.strerror}" if fault.filename else str(fault)])
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


async def make(
    lab: LabClient, ask: Callable[[LabClient, str], Awaitable[Job]], key: str | None, *, out: str | None, as_json: bool
) -> None:
    """Ask for a new job under an idempotency key; follow it to its end and save its videos where `out` says so."""
    key = key or str(uuid.uuid4())
    try:
        job = await ask(lab, key)
    except (UnreachableError, asyncio.CancelledError):
        say(f"It is not known whether the lab took the job. Repeating is safe with --idempotency-key {key}")
        raise
    say(f"{job.id} accepted")
    if out is None:
        print_job(job, as_json=as_json)
        return
    job = await watched(lab, job)
    saved = await save(lab, [generation.id for generation in job.generations], out)
    if as_json:
        put_json(job.model_dump(mode="json") | ({"files": [str(item.path) for item in saved]} if saved else {}))
    elif saved:
        print_saved(saved, job)
        say(money(job.cost))
    else:
        print_job(job, as_json=False)
    exit_by(job)


async def watched(lab: LabClient, job: Job) -> Job:
    """Follow a job to its end on standard error; interrupted, say how to go on."""
    try:
        return await follow(lab, job.id, Console(stderr=True))
    except (asyncio.CancelledError, UnreachableError):
        say(f"{job.id} goes on in the lab. To look at it again: lab job {job.id} --watch")
        raise


def exit_by(job: Job) -> None:
    """End with the exit code of a job that ended without its video."""
    if job.is_final and job.state != "succeeded":
        raise typer.Exit(Exit.JOB_FAILED)


def print_job(job: Job, *, as_json: bool) -> None:
    """Write a job as lines, or as its document."""
    if as_json:
        put_json(job.model_dump(mode="json"))
        return
    for line in job_lines(job, datetime.now(UTC)):
        put(line)


def print_saved(saved: Sequence[Saved], job: Job | None = None) -> None:
    """Write a line per saved file; with its job, also what is in it."""
    about = {generation.id: video_line(generation) for generation in job.generations} if job else {}
    for item in saved:
        put(f"{item.path}  {about.get(item.generation_id, '')}".rstrip())


def columns() -> int:
    """How wide the terminal is; COLUMNS says it where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def put_json(document: Any) -> None:
    """Write a result for programs."""
    put(json.dumps(document, ensure_ascii=False, indent=2))


def put(line: str) -> None:
    """Write a line of the result."""
    typer.echo(line)


def say(line: str) -> None:
    """Write a line about how it is going."""
    typer.echo(line, err=True)


def fail(code: Exit, lines: Sequence[str]) -> NoReturn:
    """Say what was wrong and end with that exit code."""
    say(f"lab: {lines[0]}")
    for line in lines[1:]:
        say(line)
    raise typer.Exit(code)
