"""`lab retry`, `resolve`, `import` and `delete`: making the best of jobs that went wrong, and getting rid of jobs."""

from typing import Annotated

import typer

from client.exits import Exit
from client.lab import LabClient
from client.models import Job
from client.options import AssetsOption, JobArgument, JsonOption, KeyOption, OutOption, WatchOption
from client.terminal import fail, make, print_job, put_json, run, say

app = typer.Typer()


@app.command()
def retry(
    job_id: JobArgument,
    *,
    prompt: Annotated[str | None, typer.Option(help="Another prompt than the first time.")] = None,
    seconds: Annotated[int | None, typer.Option(help="Another duration.")] = None,
    size: Annotated[str | None, typer.Option(help="Another size, as 1280x720.")] = None,
    confirm_new_charge: Annotated[
        bool, typer.Option("--confirm-new-charge", help="Buy again where it is unclear whether the first was bought.")
    ] = False,
    out: OutOption = ".",
    watch: WatchOption = True,
    idempotency_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a failed or cancelled job again; a render that is still there is stored for nothing."""

    async def work(lab: LabClient, key: str) -> Job:
        return await lab.retry(
            job_id,
            prompt=prompt,
            seconds=seconds,
            size=size,
            confirm_new_charge=confirm_new_charge,
            idempotency_key=key,
        )

    run(lambda lab: make(lab, work, idempotency_key, out=out if watch else None, as_json=as_json))


@app.command("import")
def import_render(
    render_id: Annotated[str, typer.Argument(metavar="RENDER", help="The render's id at the provider.")],
    *,
    lane: Annotated[str | None, typer.Option(help="The lane it was made on, of `lab lanes`; else the first.")] = None,
    prompt: Annotated[
        str | None, typer.Option(help="What to list it under; else the prompt that the provider tells.")
    ] = None,
    out: OutOption = ".",
    watch: WatchOption = True,
    idempotency_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Adopt a render that was made elsewhere: it is stored for nothing."""

    async def work(lab: LabClient, key: str) -> Job:
        return await lab.import_render(render_id, lane=lane, prompt=prompt, idempotency_key=key)

    run(lambda lab: make(lab, work, idempotency_key, out=out if watch else None, as_json=as_json))


@app.command()
def resolve(
    job_id: JobArgument,
    *,
    render_id: Annotated[str | None, typer.Option(help="The render that was bought, by its id there.")] = None,
    not_charged: Annotated[bool, typer.Option("--not-charged", help="Nothing was bought.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Settle a job of which it is unclear whether it was bought, by what the provider's own records say."""
    if (render_id is None) != not_charged:
        fail(Exit.INVALID, ["say either --render-id ID or --not-charged"])

    async def work(lab: LabClient) -> None:
        print_job(await lab.resolve(job_id, render_id), as_json=as_json)
        if render_id is not None:
            say(f"To store its video for nothing: lab retry {job_id}")

    run(work)


@app.command()
def delete(
    job_ids: Annotated[list[str] | None, typer.Argument(metavar="JOB...", help="Ids of jobs.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Every job that failed.")] = False,
    assets: AssetsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete jobs; one that has not ended is cancelled first. Their videos stay unless --assets is given."""
    if bool(job_ids) == failed:
        fail(Exit.INVALID, ["name the jobs to delete, or say --failed"])

    async def work(lab: LabClient) -> None:
        deleted = len(job_ids or ())
        for job_id in job_ids or ():
            await lab.delete(job_id, assets=assets)
        more = failed
        while more:
            some = await lab.delete_failed(assets=assets)
            deleted, more = deleted + some.deleted, some.more
        put_json({"deleted": deleted}) if as_json else say(f"{deleted} deleted")

    run(work)
