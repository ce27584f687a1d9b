"""The `lab` command: words of the command line to calls of the client. How lines and faults come out is terminal's."""

import asyncio
import io
import sys
import uuid
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperCommand
from typer.exceptions import TyperException

from client.delivery import follow, save
from client.errors import UnreachableError
from client.exits import MEANING, Exit
from client.lab import LabClient
from client.models import Job, JobState
from client.terminal import fail, print_job, print_saved, put, put_json, run, say
from client.wording import metric_lines, money, one_line, problem_lines, progress_line, status_lines

app = typer.Typer(
    name="lab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Ask a lab for videos.\n\n"
    "LAB_URL (with its /api/v1) and LAB_KEY say which lab; without them, the stack that `make up` runs in this "
    "directory.\n\n\b\nExit codes:\n" + "\n".join(f"  {code.value:>3}  {text}" for code, text in MEANING.items()),
)

_JsonOption = Annotated[bool, typer.Option("--json", help="Print the JSON document instead of lines.")]
_OutOption = Annotated[str, typer.Option(help="Directory or file name to save to.")]
_JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, job_…", show_default=False)]


class _PromptCommand(TyperCommand):
    """A command whose first word may be anything a person says."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride] - typer keeps the Context it means to itself
        try:
            return super().parse_args(ctx, args)
        except TyperException as fault:
            if fault.message.startswith("No such option"):
                fault.message += "\nIf that is how the prompt begins, put -- before it."
            raise


@app.command(cls=_PromptCommand)
def generate(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT",
            help="What to show; `-` reads it from standard input. One that begins with a dash goes after --.",
        ),
    ],
    *,
    model: Annotated[str | None, typer.Option(help="A model of `lab status`; else the lab's first.")] = None,
    seconds: Annotated[int | None, typer.Option(help="How long; what is allowed depends on the model.")] = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT, as 1280x720.")] = None,
    variants: Annotated[int | None, typer.Option(help="How many videos of the same prompt.")] = None,
    out: _OutOption = ".",
    watch: Annotated[bool, typer.Option(help="Wait for the video and save it, or only ask for it.")] = True,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and request give the same job, never a second one.")
    ] = None,
    as_json: _JsonOption = False,
) -> None:
    """Ask for a video, watch it being made, and save it."""
    text = _prompt_of(prompt)
    key = idempotency_key or str(uuid.uuid4())

    async def work(lab: LabClient) -> None:
        try:
            job = await lab.submit(
                text, model=model, size=size, seconds=seconds, variants=variants, idempotency_key=key
            )
        except (UnreachableError, asyncio.CancelledError):
            say(f"It is not known whether the lab took the job. Repeating is safe with --idempotency-key {key}")
            raise
        say(f"{job.id} accepted")
        await _deliver(lab, job, out=out if watch else None, as_json=as_json, watch=watch)

    run(work)


@app.command("job")
def show_job(
    job_id: _JobArgument,
    *,
    watch: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
    as_json: _JsonOption = False,
) -> None:
    """Show one job."""

    async def work(lab: LabClient) -> None:
        job = await lab.job(job_id)
        if not watch:
            print_job(job, as_json=as_json)
            return
        await _deliver(lab, job, out=None, as_json=as_json, watch=True)

    run(work)


@app.command("jobs")
def list_jobs(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    as_json: _JsonOption = False,
) -> None:
    """List jobs, newest first."""

    async def work(lab: LabClient) -> None:
        jobs: list[Job] = []
        async for job in lab.all_jobs(state=state):
            jobs.append(job)
            if len(jobs) == limit:
                break
        if as_json:
            put_json([job.model_dump(mode="json") for job in jobs])
            return
        for job in jobs:
            created = job.created_at.astimezone().strftime("%Y-%m-%d %H:%M") if job.created_at else ""
            put(f"{job.id}  {job.state:<9}  {created}  {money(job.cost)}  {one_line(job.prompt or '', 60)}")
        if not jobs:
            say("no jobs")

    run(work)


@app.command()
def cancel(job_id: _JobArgument, *, as_json: _JsonOption = False) -> None:
    """Ask that a job ends."""

    async def work(lab: LabClient) -> None:
        job = await lab.cancel(job_id)
        print_job(job, as_json=as_json)
        if not job.is_final:
            say(f"It ends as soon as the lab can stop it; see: lab job {job.id}")

    run(work)


@app.command()
def download(
    name: Annotated[str, typer.Argument(metavar="ID", help="A job's or a generation's id, job_… or gen_…")],
    out: _OutOption = ".",
) -> None:
    """Save the videos of a job, or one of them."""

    async def work(lab: LabClient) -> None:
        if name.startswith("gen_"):
            print_saved(await save(lab, [name], out))
            return
        job = await lab.job(name)
        if not job.generations:
            for line in (
                problem_lines(job.problem) if job.problem else [f"{job.id} is {progress_line(job)}: no video yet"]
            ):
                say(line)
            raise typer.Exit(Exit.JOB_FAILED if job.is_final else Exit.INVALID)
        print_saved(await save(lab, [generation.id for generation in job.generations], out), job)

    run(work)


@app.command()
def status(*, as_json: _JsonOption = False) -> None:
    """Show how the lab is set up; exits with 5 where it is not ready."""

    async def work(lab: LabClient) -> None:
        found = await lab.status()
        if as_json:
            put_json(found.model_dump(mode="json"))
        else:
            put("\n".join(status_lines(found)))
        if not found.ready:
            raise typer.Exit(Exit.UNREACHABLE)

    run(work)


@app.command()
def metrics(*, as_json: _JsonOption = False) -> None:
    """Show what the lab counted since it started: jobs, looks, delays, spend, storage operations."""

    async def work(lab: LabClient) -> None:
        found = await lab.metrics()
        if as_json:
            put_json(found.model_dump(mode="json"))
        else:
            put("\n".join(metric_lines(found)))

    run(work)


def main() -> None:
    """Run the command; this is what `lab` and `python -m client` call."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows `?`, not a traceback
    app(prog_name="lab")


async def _deliver(lab: LabClient, job: Job, *, out: str | None, as_json: bool, watch: bool) -> None:
    """Follow the job to its end where asked, save its videos where told to, and exit by how it ended."""
    if watch:
        try:
            job = await follow(lab, job.id, Console(stderr=True))
        except (asyncio.CancelledError, UnreachableError):
            say(f"{job.id} goes on in the lab. To look at it again: lab job {job.id} --watch")
            raise
    saved = await save(lab, [generation.id for generation in job.generations], out) if out is not None else []
    if as_json:
        document = job.model_dump(mode="json") | ({"files": [str(item.path) for item in saved]} if saved else {})
        put_json(document)
    elif saved:
        print_saved(saved, job)
        say(money(job.cost))
    else:
        print_job(job, as_json=False)
    if job.is_final and job.state != "succeeded":
        raise typer.Exit(Exit.JOB_FAILED)


def _prompt_of(argument: str) -> str:
    try:
        text = sys.stdin.buffer.read().decode().strip() if argument == "-" else argument
        text.encode()  # an argument that is not UTF-8 arrives with surrogates, which no JSON can carry
    except UnicodeError:
        fail(Exit.INVALID, ["the prompt is not UTF-8 text"])
    return text
