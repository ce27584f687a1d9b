"""The `lab` command: words of the command line to calls of the client. How lines and faults come out is terminal's."""

import io
import sys
from typing import Annotated

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from client import lane_commands, rescue_commands
from client.delivery import save
from client.exits import MEANING, Exit
from client.lab import LabClient
from client.models import Job, JobState
from client.options import JobArgument, JsonOption, KeyOption, OutOption, WatchOption
from client.terminal import columns, exit_by, fail, make, print_job, print_saved, put, put_json, run, say, watched
from client.wording import metric_lines, money, one_line, problem_lines, progress_line, quote_line, status_lines
from client.wording_timeline import timeline_lines

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
app.add_typer(rescue_commands.app)
app.add_typer(lane_commands.app)


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
    out: OutOption = ".",
    watch: WatchOption = True,
    quote: Annotated[bool, typer.Option("--quote", help="Only say what it would cost; buys nothing.")] = False,
    idempotency_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for a video, watch it being made, and save it."""
    text = _prompt_of(prompt)

    async def price(lab: LabClient) -> None:
        found = await lab.quote(text, model=model, size=size, seconds=seconds, variants=variants)
        put_json(found.model_dump(mode="json")) if as_json else put(quote_line(found))

    async def work(lab: LabClient, key: str) -> Job:
        return await lab.submit(text, model=model, size=size, seconds=seconds, variants=variants, idempotency_key=key)

    if quote:
        run(price)
    else:
        run(lambda lab: make(lab, work, idempotency_key, out=out if watch else None, as_json=as_json))


@app.command("job")
def show_job(
    job_id: JobArgument,
    *,
    watch: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Draw all that happened to it, and when.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one job."""

    async def work(lab: LabClient) -> None:
        job = await lab.job(job_id)
        if watch:
            job = await watched(lab, job)
        if timeline:
            found = await lab.timeline(job.id)
            put_json(found.model_dump(mode="json")) if as_json else put("\n".join(timeline_lines(found, columns())))
        else:
            print_job(job, as_json=as_json)
        if watch:
            exit_by(job)

    run(work)


@app.command("jobs")
def list_jobs(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    disputed: Annotated[bool, typer.Option("--disputed", help="Only jobs that `lab resolve` has to settle.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""

    async def work(lab: LabClient) -> None:
        jobs: list[Job] = []
        async for job in lab.all_jobs(state=state, disputed=disputed):
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
def cancel(job_id: JobArgument, *, as_json: JsonOption = False) -> None:
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
    out: OutOption = ".",
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
def status(*, as_json: JsonOption = False) -> None:
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
def metrics(*, as_json: JsonOption = False) -> None:
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


def _prompt_of(argument: str) -> str:
    try:
        text = sys.stdin.buffer.read().decode().strip() if argument == "-" else argument
        text.encode()  # an argument that is not UTF-8 arrives with surrogates, which no JSON can carry
    except UnicodeError:
        fail(Exit.INVALID, ["the prompt is not UTF-8 text"])
    return text
