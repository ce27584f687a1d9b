"""The client against a server that answers well, badly and not at all."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from client import LabClient, LabError, UnreachableError

QUEUED: dict[str, Any] = {"id": "job_1", "state": "queued", "queue": {"position": 1, "ahead": 0}}
RUNNING: dict[str, Any] = {"id": "job_1", "state": "running", "progress": 40}
DONE: dict[str, Any] = {"id": "job_1", "state": "succeeded", "progress": 100}


@pytest.fixture
async def lab(script: Any) -> AsyncGenerator[LabClient]:
    """A client of the scripted server that does not wait for long."""
    async with LabClient(f"{script.url}/api/v1/", "the-key", patience_s=1, watch_patience_s=3) as client:
        yield client


async def test_submit_sends_only_what_was_asked(script: Any, lab: LabClient) -> None:
    """A submit carries the key, an Idempotency-Key and the given parameters; the rest is the server's to choose."""
    script.answer(QUEUED, status=202)
    job = await lab.submit("a kite, ünïcode", seconds=4)
    (request,) = script.requests
    assert job.queue is not None
    assert job.queue.position == 1
    assert request.line == "POST /api/v1/videos/jobs HTTP/1.1"
    assert request.json == {"prompt": "a kite, ünïcode", "seconds": 4}
    assert request.headers["x-functions-key"] == "the-key"
    assert request.headers["idempotency-key"]


async def test_submit_repeats_a_lost_reply_with_the_same_key(script: Any, lab: LabClient) -> None:
    """A reply that was lost, or a 5xx, is asked for again as the same request, so that no second job is made."""
    script.cut()
    script.answer(status=503, body=b"")
    script.answer(QUEUED, status=202)
    assert (await lab.submit("a kite")).id == "job_1"
    keys = {request.headers["idempotency-key"] for request in script.requests}
    assert (len(script.requests), len(keys)) == (3, 1)


async def test_submit_uses_the_key_it_is_given_and_a_fresh_one_otherwise(script: Any, lab: LabClient) -> None:
    """Two submits are two jobs unless the caller says otherwise."""
    script.answer(QUEUED, status=202)
    await lab.submit("a kite", idempotency_key="mine")
    await lab.submit("a kite")
    await lab.submit("a kite")
    keys = [request.headers["idempotency-key"] for request in script.requests]
    assert keys[0] == "mine"
    assert len(set(keys)) == 3


async def test_a_problem_is_raised_with_its_document(script: Any, lab: LabClient) -> None:
    """A 4xx answer is not repeated; it is raised with its code and pointers."""
    problem = {"code": "validation_failed", "detail": "no", "errors": [{"pointer": "/size", "detail": "9x9"}]}
    script.answer(problem, status=422)
    with pytest.raises(LabError, match="no") as caught:
        await lab.submit("a kite", size="9x9")
    assert (caught.value.status, caught.value.problem.errors[0].pointer) == (422, "/size")
    assert len(script.requests) == 1


async def test_a_5xx_that_stays_is_raised(script: Any, lab: LabClient) -> None:
    """After the patience the last 5xx is raised as what it says."""
    script.answer({"code": "storage_unavailable", "detail": "The storage does not answer"}, status=503)
    with pytest.raises(LabError, match="storage does not answer"):
        await lab.job("job_1")
    assert len(script.requests) > 1


async def test_nobody_there_is_told_with_the_address() -> None:
    """A refused connection is told with the address that was tried."""
    async with LabClient("http://127.0.0.1:9/api/v1", patience_s=0) as lab:
        with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9"):
            await lab.jobs()


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"\xff\xfe", b'{"id": 1}', b""])
async def test_an_answer_of_something_else_is_told(script: Any, lab: LabClient, body: bytes) -> None:
    """A 200 that is not the lab's is reported, never believed."""
    script.answer(body=body)
    with pytest.raises(UnreachableError, match=r"JSON|not a Job"):
        await lab.job("job_1")


@pytest.mark.parametrize(
    ("job_id", "path"),
    [("../env/status", "%2E%2E%2Fenv%2Fstatus"), ("a?b#c", "a%3Fb%23c"), ("", "-"), ("ü", "%C3%BC")],
)
async def test_any_text_stays_one_segment_of_the_path(script: Any, lab: LabClient, job_id: str, path: str) -> None:
    """No id, however strange, becomes another address."""
    script.answer(DONE)
    await lab.job(job_id)
    assert script.requests[0].line == f"GET /api/v1/videos/jobs/{path} HTTP/1.1"


async def test_all_jobs_follows_the_cursor_to_the_end(script: Any, lab: LabClient) -> None:
    """Pages are read one after the other until there is no next one, also where a page is empty."""
    script.answer({"jobs": [QUEUED], "next_cursor": "c/1+"})
    script.answer({"jobs": [], "next_cursor": "c2"})
    script.answer({"jobs": [DONE], "next_cursor": None})
    states = [job.state async for job in lab.all_jobs(state="succeeded", page_size=1)]
    assert states == ["queued", "succeeded"]
    assert [request.line.split()[1].split("?")[1] for request in script.requests] == [
        "limit=1&state=succeeded",
        "limit=1&cursor=c%2F1%2B&state=succeeded",
        "limit=1&cursor=c2&state=succeeded",
    ]


async def test_watch_yields_changes_only_and_waits_out_an_absence(script: Any, lab: LabClient) -> None:
    """A watch shows each change once, goes on while the server is away, and ends with the final state."""
    script.answer(QUEUED, retry_after="0")
    script.answer(QUEUED, retry_after="0")
    script.cut()
    script.answer(status=502, body=b"")
    script.answer(RUNNING, retry_after="Mon, 01 Jan 2024 00:00:00 GMT")
    script.answer(DONE)
    assert [job.state async for job in lab.watch("job_1")] == ["queued", "running", "succeeded"]
    assert len(script.requests) == 6


async def test_watch_of_an_unknown_job_ends_with_its_problem(script: Any, lab: LabClient) -> None:
    """There is nothing to wait for where there is no job."""
    script.answer({"code": "not_found", "detail": "no such job"}, status=404)
    with pytest.raises(LabError):
        [job async for job in lab.watch("job_1")]


def link(url: str, *, count: int) -> dict[str, Any]:
    """A content link of that many bytes."""
    return {"url": f"{url}/blob?sig=s", "expires_at": "2026-01-01T00:00:00Z", "bytes": count, "file_name": "g.mp4"}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in the folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_download_keeps_the_key_from_the_storage(script: Any, lab: LabClient, tmp_path: Path) -> None:
    """The link carries its own permission: the lab's key is not shown to the host behind it."""
    script.answer(link(script.url, count=5))
    script.answer(body=b"video")
    await lab.download("gen_1", tmp_path / "a.mp4")
    asked, fetched = script.requests
    assert asked.line == "GET /api/v1/videos/generations/gen_1/content?redirect=false HTTP/1.1"
    assert fetched.line == "GET /blob?sig=s HTTP/1.1"
    assert "x-functions-key" not in fetched.headers
    assert (tmp_path / "a.mp4").read_bytes() == b"video"


async def test_download_starts_over_when_it_was_cut(script: Any, lab: LabClient, tmp_path: Path) -> None:
    """A body that was cut, or is shorter than announced, is fetched again through a fresh link."""
    for bad in (b"vid", b""):
        script.answer(link(script.url, count=5))
        script.answer(body=bad, content_length="5" if bad else "0")
    script.answer(link(script.url, count=5))
    script.answer(body=b"video")
    await lab.download("gen_1", tmp_path / "a.mp4")
    assert contents(tmp_path) == {"a.mp4": b"video"}


async def test_download_that_never_works_leaves_no_file(
    script: Any, lab: LabClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage that refuses is reported after a few tries, and no part of a file is left."""
    monkeypatch.setattr("client.lab.DOWNLOAD_TRIES", 1)
    script.answer(link(script.url, count=5))
    script.answer(status=403, body=b"<Error/>")
    with pytest.raises(UnreachableError, match="403"):
        await lab.download("gen_1", tmp_path / "a.mp4")
    assert contents(tmp_path) == {}


JOB = {"id": "job_1", "state": "queued"}
LANE = {"id": "main", "model": "sora-2"}
CALLS: dict[str, tuple[Any, Any, str, Any]] = {
    "quote": (
        lambda lab: lab.quote("a kite", seconds=4),
        {"model": "m", "size": "1x1", "seconds": 4, "variants": 1, "lane": "main"},
        "POST /api/v1/videos/quote",
        {"prompt": "a kite", "seconds": 4},
    ),
    "retry": (
        lambda lab: lab.retry("job_1", prompt="b", confirm_new_charge=True),
        JOB,
        "POST /api/v1/videos/jobs/job_1/retry",
        {"prompt": "b", "confirm_new_charge": True},
    ),
    "resolve": (
        lambda lab: lab.resolve("job_1", "task_1"),
        JOB,
        "POST /api/v1/videos/jobs/job_1/resolve",
        {"render_id": "task_1"},
    ),
    "resolve, not charged": (
        lambda lab: lab.resolve("job_1", None),
        JOB,
        "POST /api/v1/videos/jobs/job_1/resolve",
        {"not_charged": True},
    ),
    "import": (
        lambda lab: lab.import_render("task_1", lane="main"),
        JOB,
        "POST /api/v1/videos/jobs/import",
        {"render_id": "task_1", "lane": "main"},
    ),
    "delete": (lambda lab: lab.delete("job_1"), {}, "DELETE /api/v1/videos/jobs/job_1?assets=keep", None),
    "delete failed": (
        lambda lab: lab.delete_failed(assets=True),
        {"deleted": 2, "more": False},
        "DELETE /api/v1/videos/jobs/failed?assets=delete",
        None,
    ),
    "timeline": (
        lambda lab: lab.timeline("job_1"),
        {"job_id": "job_1", "events": []},
        "GET /api/v1/videos/jobs/job_1/timeline",
        None,
    ),
    "lanes": (lambda lab: lab.lanes(), {"models": [{"model": "m", "lanes": [LANE]}]}, "GET /api/v1/lanes", None),
    "pause": (lambda lab: lab.pause("main"), LANE, "POST /api/v1/lanes/main/pause", None),
    "resume": (lambda lab: lab.resume("../main"), LANE, "POST /api/v1/lanes/%2E%2E%2Fmain/resume", None),
    "disputed": (
        lambda lab: lab.jobs(disputed=True),
        {"jobs": [], "next_cursor": None},
        "GET /api/v1/videos/jobs?cost=disputed",
        None,
    ),
}


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_sends_what_it_says(script: Any, lab: LabClient, name: str) -> None:
    """Each method is one request: its verb, its path with ids as segments, and only what was given."""
    call, answer, line, body = CALLS[name]
    script.answer(answer)
    await call(lab)
    [request] = script.requests
    assert request.line == f"{line} HTTP/1.1"
    assert (request.json if request.body else None) == body


@pytest.mark.parametrize("name", ["retry", "import"])
async def test_whatever_makes_a_job_is_repeated_with_its_key(script: Any, lab: LabClient, name: str) -> None:
    """A lost reply to a retry or an import is asked for again as the same request, so that one job is made."""
    script.cut()
    script.answer(JOB, status=202)
    await CALLS[name][0](lab)
    keys = [request.headers["idempotency-key"] for request in script.requests]
    assert (len(keys), len(set(keys))) == (2, 1)
