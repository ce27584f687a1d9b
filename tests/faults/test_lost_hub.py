"""The whole task hub is lost in the middle of many jobs."""

from __future__ import annotations

import pytest

from shared.models.job import JobState
from tests.faults.chance import Chance
from tests.faults.evidence import Evidence
from tests.faults.invariants import judge
from tests.faults.scenario import Asked, Planned, Scenario, lane
from tests.faults.world import play_out

JOBS = 20


def _twenty_jobs(lost_s: float) -> Scenario:
    return Scenario(
        lanes=[lane("a", JOBS, 60)],
        asked=[Asked(0.1 * n, {"prompt": f"kite {n}"}, "owner", f"key-{n}", 1) for n in range(JOBS)],
        planned=[Planned(lost_s, "hub is lost")],
        rates={},
        render_s=60.0,
        skew_s=0.0,
        page_size=100,
        workers=2,
        faults_until_s=3600.0,
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("lost_s", [4.0, 30.0, 61.0])
def test_a_lost_task_hub_loses_no_job_and_no_render(lost_s: float) -> None:
    """Every one of twenty running jobs ends with its video when the task hub is lost, and none is bought twice."""
    played = play_out(Chance(f"lost at {lost_s}"), _twenty_jobs(lost_s), judge)
    known = Evidence(played.world)
    before = [played.world.recorder.job_at(job_id, lost_s) for job_id in known.jobs]
    assert sum(job is not None and not job.state.is_final for job in before) == JOBS
    assert [job.state for job in known.jobs.values()] == [JobState.SUCCEEDED] * JOBS
    assert len(played.world.provider.renders) == JOBS
    assert played.violations == []
