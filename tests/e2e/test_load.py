"""Many jobs at once, through one pool with a cap of two."""

import asyncio
from typing import Any

import pytest

from client import Job, LabClient
from tests.e2e.conftest import WITHIN_S

JOBS = 20
CAP = 2


async def finished(lab: LabClient, n: int) -> Job:
    """Submit one small job and follow it to its end."""
    job = await lab.submit(f"kite number {n}", model="sora", size="480x480", seconds=1)
    async for seen in lab.watch(job.id):
        job = seen
    return job


@pytest.mark.timeout(WITHIN_S + 140)
async def test_twenty_jobs_at_once_all_succeed_within_the_cap(stack: Any) -> None:
    """However many jobs wait, never more than the cap are in flight at the provider, and each is made exactly once."""
    async with LabClient(stack.record["api"], stack.record["api_key"]) as lab:
        jobs = await asyncio.gather(*(finished(lab, n) for n in range(JOBS)))
    assert [job.state for job in jobs] == ["succeeded"] * JOBS
    assert [len(stack.ledger(f"kite number {n}")) for n in range(JOBS)] == [1] * JOBS
    assert stack.provider()["max_in_flight_seen"]["sora"] <= CAP
