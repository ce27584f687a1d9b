"""`python -m local.demo`: one prompt through the public API, from nothing to a file that plays.

It uses the stack of this checkout where one runs and its own otherwise, and the client like any other program.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from rich.console import Console

from client import Job, LabClient, LabError, UnreachableError
from client.delivery import Saved, follow, save
from client.wording import money, problem_lines, video_line
from local.stack import record as records
from local.stack.record import Record
from local.stack.signals import until_told
from local.stack.stack import EXPECTED_FAULTS, running_stack

PROMPT = "A paper boat drifts down a rainy street at dusk, neon reflections, slow camera"
OUT = "out"


class DemoError(Exception):
    """The demo did not produce its video; the text says why."""


async def demo(environment: Mapping[str, str], console: Console) -> None:
    """Make one video and say where it is. Raises DemoError where the job did not succeed."""
    async with _stack(environment, console) as record, LabClient(record["api"], record["api_key"]) as lab:
        prompt = environment.get("PROMPT") or PROMPT
        console.print(f"prompt: {prompt}", markup=False, highlight=False, soft_wrap=True)
        asked = await lab.submit(prompt, size=environment.get("SIZE") or None, seconds=_seconds(environment))
        job = await follow(lab, asked.id, console)
        if job.state != "succeeded":
            raise DemoError("\n".join(problem_lines(job.problem)) if job.problem else f"the job is {job.state}")
        saved = await save(lab, [generation.id for generation in job.generations], environment.get("OUT") or OUT)
        for line in report(job, saved):
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def report(job: Job, saved: list[Saved]) -> list[str]:
    """Say what was made, where it is, how long its link works, and what it cost."""
    about = {generation.id: video_line(generation) for generation in job.generations}
    lines: list[str] = []
    for item in saved:
        lines.append(f"file:   {item.path}  ({about[item.generation_id]})")
        lines.append(f"link:   {item.link.url}")
        lines.append(f"        (until {item.link.expires_at.astimezone():%H:%M:%S}, while the stack runs)")
    return [*lines, f"cost:   {money(job.cost)}"]


@asynccontextmanager
async def _stack(environment: Mapping[str, str], console: Console) -> AsyncGenerator[Record]:
    if record := records.running(records.state_folder(environment)):
        console.print(f"using the stack that runs at {record['api']}", highlight=False)
        yield record
        return
    async with running_stack(environment, lambda line: console.print(line, markup=False, highlight=False)) as record:
        yield record


def _seconds(environment: Mapping[str, str]) -> int | None:
    text = environment.get("SECONDS") or ""
    if text and not text.isdecimal():
        raise DemoError(f"SECONDS is {text!r}; it must be a whole number")
    return int(text) if text else None


def main() -> int:
    """Return the exit code: 0 with a video, 1 without, 130 when it was interrupted."""
    try:
        return 130 if asyncio.run(_main()) else 0
    except LabError as fault:
        reason = "\n".join(problem_lines(fault.problem))
    except (*EXPECTED_FAULTS, UnreachableError, DemoError) as fault:
        reason = str(fault)
    print(f"make demo: {reason}", file=sys.stderr)  # noqa: T201 - a command says why it failed
    return 1


async def _main() -> bool:
    return await until_told(demo(os.environ, Console()))


if __name__ == "__main__":
    sys.exit(main())
