"""A video is stored whole and once, and only when it is one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from shared import blobs, disposal, jobs, storage
from shared.models.job import Generation

if TYPE_CHECKING:
    from shared.models.job import JobRef
    from tests.integration.app.conftest import Faults
    from tests.integration.app.steps.conftest import Lab, Wire

CONTENT = "GET /video/generations/gen_"


async def blob_names(prefix: str) -> list[str]:
    """Every blob of a job."""
    container = (await storage.blob_service()).get_container_client(storage.CONTAINER_NAME)
    return [name async for name in container.list_blob_names(name_starts_with=prefix)]


async def test_a_cut_body_leaves_nothing_and_is_fetched_again(lab: Lab, faults: Faults) -> None:
    """A copy that ended too early commits no blob; the next one stores the whole video."""
    job, [source] = await lab.rendered()
    lab.provider.tamper(CONTENT, faults.cut_after(1000), faults.cut_after(0), faults.answer(503))
    name = blobs.video_name(job.id, job.created_at, 0)
    for _ in range(3):
        assert (await lab.do("store", job, n=0, source=source))["kind"] == "again"
        assert await blob_names(name) == []
    stored = await lab.do("store", job, n=0, source=source)
    assert stored["kind"] == "stored"
    video = Generation.model_validate(stored["generation"])
    assert (video.id, video.width, video.height) == (f"gen_{job.ulid}_0", 480, 480)
    assert video.seconds == pytest.approx(1, abs=0.1)
    assert video.bytes == await blobs.blob_length(name)


@pytest.mark.parametrize(
    "body", [b"not a video at all", b"\x00\x00\x00\x20ftypisom" + b"\x00" * 5000], ids=["text", "only a beginning"]
)
async def test_what_is_no_video_is_set_aside_and_fetched_again(lab: Lab, faults: Faults, body: bytes) -> None:
    """Bytes that do not probe are kept as rejected, and never handed out as the job's video."""
    job, [source] = await lab.rendered()
    lab.provider.tamper(CONTENT, faults.answer(200, body, "video/mp4"))
    answer = await lab.do("store", job, n=0, source=source)
    assert answer["kind"] == "again"
    assert "no video" in answer["detail"]
    name = blobs.video_name(job.id, job.created_at, 0)
    [rejected] = await blob_names(name)
    assert rejected.startswith(f"{name}.rejected-")
    assert (await lab.do("store", job, n=0, source=source))["kind"] == "stored"
    assert sorted(await blob_names(name)) == [name, rejected]


async def test_a_video_that_never_gets_better_fails_its_job_and_says_what_it_cost(lab: Lab) -> None:
    """When no video of a finished render could be stored, the job fails and its money is spent."""
    job, _ = await lab.rendered()
    end = {"kind": "succeeded", "sources": ["gone"], "generations": [], "render_s": 1.0}
    assert (await lab.do("finish", job, end=end)) == {"kind": "done", "state": "failed"}
    ended = await lab.read(job)
    assert ended.problem
    assert (ended.problem.code, ended.problem.money, ended.cost_state) == ("storage", "spent", "settled")


async def test_a_repeat_stores_nothing_twice(lab: Lab, wire: Wire) -> None:
    """A video that is there is probed and not fetched again, also when two copies ran at the same time."""
    job, [source] = await lab.rendered()
    both = await asyncio.gather(*(lab.do("store", job, n=0, source=source) for _ in range(2)))
    assert [answer["kind"] for answer in both] == ["stored", "stored"]
    made = {**both[0]["generation"], "copied_s": None}
    assert {**both[1]["generation"], "copied_s": None} == made
    fetched = len([seen for seen in lab.provider.seen if seen.startswith(CONTENT)])
    wire.requests.clear()
    assert (await lab.do("store", job, n=0, source=source)) == {"kind": "stored", "generation": made}
    assert len([seen for seen in lab.provider.seen if seen.startswith(CONTENT)]) == fetched
    assert [request.method for request in wire.requests if request.method in {"PUT", "POST", "DELETE"}] == []
    assert await blob_names(blobs.video_name(job.id, job.created_at, 0)) == [made["blob"]]


async def test_the_timeline_tells_of_every_copy(lab: Lab) -> None:
    """How much was copied and how long that took is written down with the end of the job."""
    job, [source] = await lab.rendered()
    stored = await lab.do("store", job, n=0, source=source)
    end = {"kind": "succeeded", "sources": [source], "generations": [stored["generation"]], "render_s": 1.0}
    await lab.do("finish", job, end=end)
    [copied] = [event for event in await jobs.timeline(job) if event.kind == "copied"]
    assert (copied.data["id"], copied.data["bytes"]) == (stored["generation"]["id"], stored["generation"]["bytes"])
    assert copied.data["seconds"] > 0


async def test_setting_aside_spares_a_newer_copy(lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that was replaced by a good one while it was probed is not what gets set aside."""
    job, [source] = await lab.rendered()
    lab.provider.tamper(CONTENT, faults.answer(200, b"no video", "video/mp4"))
    name = blobs.video_name(job.id, job.created_at, 0)
    set_aside = blobs.set_aside

    async def after_another_copy(name: str, **about: Any) -> str | None:
        monkeypatch.setattr(blobs, "set_aside", set_aside)
        await set_aside(name)
        assert (await lab.do("store", job, n=0, source=source))["kind"] == "stored"
        return await set_aside(name, **about)

    monkeypatch.setattr(blobs, "set_aside", after_another_copy)
    assert (await lab.do("store", job, n=0, source=source))["kind"] == "again"
    assert name in await blob_names(name)


async def test_every_variant_is_stored_and_pictured(lab: Lab) -> None:
    """A job of two variants has two videos with their pictures; a picture that cannot be made fails nothing."""
    job, sources = await lab.rendered(variants=2)
    assert len(sources) == 2
    stored = [await lab.do("store", job, n=n, source=source) for n, source in enumerate(sources)]
    generations = [(await lab.do("pictures", job, **answer))["generation"] for answer in stored]
    assert [one["pictures"] for one in generations] == [["poster", "sprite", "gif"]] * 2
    names = await blob_names(f"{job.created_at:%Y/%m/%d}/{job.id}/")
    assert len(names) == 8
    nowhere = {**generations[0], "blob": "no/such.mp4", "pictures": []}
    assert (await lab.do("pictures", job, generation=nowhere))["generation"]["pictures"] == []
    end = {"kind": "succeeded", "sources": sources, "generations": generations}
    assert (await lab.do("finish", job, end=end)) == {"kind": "done", "state": "succeeded"}
    ended = await lab.read(job)
    assert [one.id for one in ended.generations] == [f"gen_{job.ulid}_0", f"gen_{job.ulid}_1"]
    assert (ended.cost_usd, ended.cost_state) == (job.cost_usd, "settled")


async def test_fewer_videos_than_ordered_cost_what_was_made(lab: Lab) -> None:
    """A provider that makes one of two variants is paid for one."""
    job, sources = await lab.rendered(prompt=f"[generations:1] {lab.model}", variants=2)
    generations = [(await lab.do("store", job, n=n, source=source))["generation"] for n, source in enumerate(sources)]
    await lab.do("finish", job, end={"kind": "succeeded", "sources": sources, "generations": generations})
    ended = await lab.read(job)
    assert job.cost_usd
    assert ended.cost_usd == job.cost_usd / 2


async def test_a_video_that_was_made_and_not_stored_is_paid_for_and_told(lab: Lab) -> None:
    """When one of two videos could not be stored, the job keeps the other, costs both, and its timeline says so."""
    job, sources = await lab.rendered(variants=2)
    stored = await lab.do("store", job, n=0, source=sources[0])
    end = {"kind": "succeeded", "sources": sources, "generations": [stored["generation"]]}
    assert (await lab.do("finish", job, end=end)) == {"kind": "done", "state": "succeeded"}
    ended = await lab.read(job)
    assert ended.cost_usd == job.cost_usd
    [final] = [event for event in await jobs.timeline(job) if event.name == "final"]
    assert final.data == {"stored": 1, "made": 2, "usd": "0.20", "cost": "settled"}


@pytest.mark.parametrize("deletes_assets", [True, False])
async def test_a_late_copy_takes_back_only_what_was_to_be_deleted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, deletes_assets: bool
) -> None:
    """The job is deleted while its video is copied: the blob goes where the videos were to go, and stays if not."""
    job, [source] = await lab.rendered()
    name = blobs.video_name(job.id, job.created_at, 0)
    is_due = disposal.is_due

    async def deleted_meanwhile(ref: JobRef) -> bool:
        await jobs.purge((await lab.read(job)).model_copy(update={"deletes_assets": deletes_assets}))
        return await is_due(ref)

    monkeypatch.setattr(disposal, "is_due", deleted_meanwhile)
    answer = await lab.do("store", job, n=0, source=source)
    assert answer["kind"] == ("gone" if deletes_assets else "stored")
    assert await blob_names(name) == ([] if deletes_assets else [name])
