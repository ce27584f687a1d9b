"""The flight record of a job: whatever happened to it, when, and how right what was foretold of it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared import jobs, telemetry

if TYPE_CHECKING:
    from tests.integration.app.conftest import Faults
    from tests.integration.app.steps.conftest import Lab


@pytest.fixture
def lane(lane: dict[str, Any]) -> dict[str, Any]:
    """A lane whose provider says progress."""
    offers = [{"sizes": ["720x1280"], "seconds": [4], "max_variants": 1}]
    return lane | {"deployment": "sora-2", "api": "videos", "offers": offers}


async def test_a_record_tells_of_the_wait_every_look_every_copy_and_the_cost(
    lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From admission to the last word: how long it waited, what each look foretold and what came, faults, money."""
    monkeypatch.setattr(telemetry, "_series", {})
    lab.provider.tamper("GET /videos/video_", faults.answer(503))
    job, [source] = await lab.rendered(prompt=f"[takes:2] {lab.model}")
    lab.provider.tamper("GET /videos/video_", faults.cut_after(1000))
    assert (await lab.do("store", job, n=0, source=source))["kind"] == "again"
    stored = await lab.do("store", job, n=0, source=source)
    end = {"kind": "succeeded", "sources": [source], "generations": [stored["generation"]]}
    await lab.do("finish", job, end=end)
    events = await jobs.timeline(job)
    kinds = [event.kind for event in events]
    looks = [event for event in events if event.kind == "looked"]
    assert kinds[:4] == ["submitted", "admitted", "asked", "accepted"]
    assert kinds[4 + len(looks) :] == ["storing", "copy_failed", "copied", "succeeded"]
    told = {event.kind: event.data for event in events}
    assert told["submitted"]["usd"] == "0.40"
    assert told["admitted"] == {"lane": "main", "waited_s": told["admitted"]["waited_s"]}
    assert looks[0].data["detail"] == "HTTP 503: scripted"
    assert all("predicted_remaining_s" in look.data for look in looks)
    forecasts = looks[-1].data["forecasts"]
    assert len(forecasts) == min(len(looks) - 1, 20)
    assert forecasts[-1]["predicted_s"] == looks[-2].data["predicted_remaining_s"]
    assert all(0 < one["real_s"] <= 10 for one in forecasts)
    assert "1000 bytes" in told["copy_failed"]["detail"]
    assert told["succeeded"] == {"made": 1, "stored": 1, "usd": "0.40", "cost": "settled"}
    counted = [
        (labels["in_band"], series.total)
        for name, labels, series in telemetry.summary()
        if name == "lab.jobs.forecasts" and labels["model"] == lab.model
    ]
    assert sum(total for _, total in counted) == len(forecasts)


async def test_a_lane_learns_from_a_render_once(lab: Lab) -> None:
    """Its duration and its looks' ratios are kept with the slot that is given back, by its shape."""
    job = await lab.submit(prompt=f"[takes:2] {lab.model}")
    await lab.do("submit", job)
    end = await lab.watch(job)
    assert end["ratios"]
    for _ in range(2):
        await lab.do("release", job, render_s=end["render_s"], ratios=end["ratios"])
    memory = (await lab.pool()).state.lane("main")
    assert memory.durations_s == {"720x1280/4/1": [round(end["render_s"], 1)]}
    assert memory.ratios == [round(ratio, 2) for ratio in end["ratios"]]
