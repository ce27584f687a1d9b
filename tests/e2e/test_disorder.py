"""The app on a host that is as slow and unreliable as Azure may be. `make e2e-disorder` runs all of these tests so."""

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import av
import pytest

from client import LabClient
from local.functions_host.disorder import Disorder
from local.functions_host.rows import WorkItem
from shared import names

CHANCE = {"duplicate_chance": 0.3, "death_chance": 0.01}
SMALL, LARGE = {"model": "sora", "size": "480x480", "seconds": 1}, {"model": "sora-2", "size": "720x1280", "seconds": 4}
JOBS = {"a heron in rain [takes:9]": LARGE, "a lamp in fog [takes:6]": SMALL, "a fox in snow [takes:6]": SMALL}


def seed() -> int:
    """A seed with which the worker dies twice: of the first order, and of one of the first copies.

    Of no orchestrator step, because the sweeper takes up such a story only after two minutes. And the first order has
    no duplicate beside it: one that is cut between its attempt's row and its POST is never known to be unsent, and ends
    as `submission_unclear`.
    """
    first = WorkItem(1, "", "", 0, names.SUBMIT_RENDER, None, None)
    others = sorted(names.ORCHESTRATORS | (names.ACTIVITIES - {names.SUBMIT_RENDER, names.STORE_GENERATION}))
    for number in count():
        disorder = Disorder(**CHANCE, seed=number)

        def deaths(name: str, calls: range, disorder: Disorder = disorder) -> int:
            return sum(disorder.death(f"{name} {call}") is not None for call in calls)

        if (
            deaths(names.SUBMIT_RENDER, range(1, 2)) == 1
            and deaths(names.STORE_GENERATION, range(1, 4)) == 1
            and len(disorder.deliveries_s(first)) == 1
            and not deaths(names.SUBMIT_RENDER, range(2, 20))
            and not deaths(names.STORE_GENERATION, range(4, 20))
            and not any(deaths(name, range(1, 50)) for name in others)
        ):
            return number
    raise AssertionError


async def fetched(lab: LabClient, job_id: str, file: Path) -> Path:
    """Follow a job to its end and fetch its video."""
    job = await lab.job(job_id)
    async for seen in lab.watch(job_id):
        job = seen
    assert job.state == "succeeded", job
    (generation,) = job.generations
    await lab.download(generation.id, file)
    return file


@pytest.mark.timeout(600)
async def test_disorder_costs_no_second_render(
    started: Callable[..., Any], eventually: Callable[..., Any], tmp_path: Path
) -> None:
    """With late and overtaking messages, early timers, activities that run twice and a worker that dies as it buys and
    as it stores, each job ends with one render bought and its video stored.
    """
    chances = f"--duplicate {CHANCE['duplicate_chance']} --worker-dies {CHANCE['death_chance']} --seed {seed()}"
    options = f"--latency 0.1 1 --early-timers {chances}"
    with started(tmp_path / "state", LAB_HOST_OPTIONS=options) as stack:
        async with LabClient(stack.record["api"], stack.record["api_key"]) as lab:
            jobs: list[str] = []
            for prompt, asked in JOBS.items():  # one order after the other: see above
                jobs.append((await lab.submit(prompt, **asked)).id)
                await asyncio.to_thread(eventually, lambda prompt=prompt: stack.ledger(prompt))
            files = await asyncio.gather(*(fetched(lab, job, tmp_path / f"{job}.mp4") for job in jobs))
        for file in files:
            with av.open(str(file)) as container:
                assert sum(1 for _ in container.decode(video=0))
        assert [[render["billed"] for render in stack.ledger(prompt)] for prompt in JOBS] == [[True]] * len(JOBS)
        log = (stack.state / "logs" / "host.log").read_text()
    assert log.count("the worker exited with code 137") == 2
    assert "had ended before" in log
