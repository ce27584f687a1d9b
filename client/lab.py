"""LabClient: one method per thing the lab can do. It knows paths and words of the API, not how bytes travel."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from client.errors import UnreachableError
from client.files import replacing
from client.models import (
    ContentLink,
    Deleted,
    Job,
    JobPage,
    JobState,
    LabMetrics,
    LabStatus,
    LaneList,
    LaneState,
    Quote,
    Timeline,
)
from client.transport import Transport

CALL_PATIENCE_S = 5.0
WATCH_PATIENCE_S = 120.0
LOOK_EVERY_S = 2.0
DOWNLOAD_TRIES = 5

_Model = TypeVar("_Model", bound=BaseModel)


class LabClient:
    """A client of one lab, `async with LabClient(url, key) as lab`. `base_url` includes the API's prefix.

    Every method raises LabError for an answer that is a problem, and UnreachableError where no answer came within the
    patience (seconds). Lost replies are repeated, which is safe: a submit carries the same Idempotency-Key each time.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        patience_s: float = CALL_PATIENCE_S,
        watch_patience_s: float = WATCH_PATIENCE_S,
    ) -> None:
        self._transport = Transport(base_url, key)
        self._patience_s = patience_s
        self._watch_patience_s = watch_patience_s

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *fault: object) -> None:
        await self._transport.__aexit__(*fault)

    async def submit(
        self,
        prompt: str,
        *,
        model: str | None = None,
        size: str | None = None,
        seconds: int | None = None,
        variants: int | None = None,
        metadata: dict[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Ask for a video. What is None is left to the server's defaults; the same key gives the same job."""
        asked = _given(prompt=prompt, model=model, size=size, seconds=seconds, variants=variants, metadata=metadata)
        return _read(Job, await self._make("/videos/jobs", asked, idempotency_key))

    async def quote(
        self,
        prompt: str,
        *,
        model: str | None = None,
        size: str | None = None,
        seconds: int | None = None,
        variants: int | None = None,
    ) -> Quote:
        """Ask what the same words to `submit` would cost; nothing is bought."""
        asked = _given(prompt=prompt, model=model, size=size, seconds=seconds, variants=variants)
        return _read(Quote, await self._send("POST", "/videos/quote", asked))

    async def retry(
        self,
        job_id: str,
        *,
        prompt: str | None = None,
        size: str | None = None,
        seconds: int | None = None,
        confirm_new_charge: bool = False,
        idempotency_key: str | None = None,
    ) -> Job:
        """Make a new job of one that failed or was cancelled; a render that is still there is stored for nothing.

        Where it is unclear whether the first render was bought, `confirm_new_charge` says that buying another is meant.
        """
        asked = _given(prompt=prompt, size=size, seconds=seconds, confirm_new_charge=confirm_new_charge)
        return _read(Job, await self._make(f"/videos/jobs/{_segment(job_id)}/retry", asked, idempotency_key))

    async def resolve(self, job_id: str, render_id: str | None) -> Job:
        """Settle an unclear submission: with the id of the render that was bought, or None where none was."""
        asked = {"not_charged": True} if render_id is None else {"render_id": render_id}
        return _read(Job, await self._send("POST", f"/videos/jobs/{_segment(job_id)}/resolve", asked))

    async def import_render(
        self, render_id: str, *, lane: str | None = None, prompt: str | None = None, idempotency_key: str | None = None
    ) -> Job:
        """Adopt a render that was made elsewhere, by its id at the provider of that lane."""
        asked = _given(render_id=render_id, lane=lane, prompt=prompt)
        return _read(Job, await self._make("/videos/jobs/import", asked, idempotency_key))

    async def delete(self, job_id: str, *, assets: bool = False) -> None:
        """Delete a job that has ended, or cancel and delete one that has not; with `assets` its videos too."""
        await self._send("DELETE", f"/videos/jobs/{_segment(job_id)}", params=_with(assets))

    async def delete_failed(self, *, assets: bool = False) -> Deleted:
        """Delete failed jobs, up to 200 a call; `more` tells whether to call again."""
        return _read(Deleted, await self._send("DELETE", "/videos/jobs/failed", params=_with(assets)))

    async def timeline(self, job_id: str) -> Timeline:
        """Read the flight record of a job."""
        return _read(Timeline, await self._get(f"/videos/jobs/{_segment(job_id)}/timeline"))

    async def job(self, job_id: str) -> Job:
        """Look at one job."""
        return _read(Job, await self._get(f"/videos/jobs/{_segment(job_id)}"))

    async def jobs(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: JobState | None = None,
        disputed: bool = False,
    ) -> JobPage:
        """Read one page of jobs, newest first; pass its `next_cursor` to read the next one."""
        cost = "disputed" if disputed else None
        return _read(JobPage, await self._get("/videos/jobs", limit=limit, cursor=cursor, state=state, cost=cost))

    async def all_jobs(
        self, *, state: JobState | None = None, disputed: bool = False, page_size: int | None = None
    ) -> AsyncIterator[Job]:
        """Walk through every job, newest first, a page at a time; `disputed`: those whose cost is unclear."""
        cursor: str | None = None
        while True:
            page = await self.jobs(limit=page_size, cursor=cursor, state=state, disputed=disputed)
            for job in page.jobs:
                yield job
            cursor = page.next_cursor
            if cursor is None:
                return

    async def cancel(self, job_id: str) -> Job:
        """Ask that the job ends; one that is already rendering ends a little later. Returns the job as it then is."""
        return _read(Job, await self._send("POST", f"/videos/jobs/{_segment(job_id)}/cancel"))

    async def watch(self, job_id: str) -> AsyncIterator[Job]:
        """Follow a job: yields it now and whenever it changed, and ends after its final state.

        A lab that is away (restarting, say) is waited for up to the watch patience each time.
        """
        seen: Job | None = None
        while True:
            path = f"/videos/jobs/{_segment(job_id)}"
            answer = await self._transport.call("GET", path, patience_s=self._watch_patience_s)
            job = _read(Job, answer.document)
            if job != seen:
                yield job
            if job.is_final:
                return
            seen = job
            await asyncio.sleep(answer.retry_after_s or LOOK_EVERY_S)

    async def content_link(self, generation_id: str) -> ContentLink:
        """Ask for a short-lived link to the bytes of a generation."""
        path = f"/videos/generations/{_segment(generation_id)}/content"
        return _read(ContentLink, await self._get(path, redirect="false"))

    async def download(self, generation_id: str, path: Path) -> ContentLink:
        """Fetch a generation into `path`, which is written complete or not at all; returns the link that was used.

        A cut download starts over with a fresh link, a few times.
        """
        give_up_at = time.monotonic() + self._watch_patience_s
        tries = 0
        while True:
            link = await self.content_link(generation_id)
            tries += 1
            try:
                await self._fetch(link, path)
            except UnreachableError:
                if tries == DOWNLOAD_TRIES or time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(tries)
            else:
                return link

    async def _fetch(self, link: ContentLink, path: Path) -> None:
        with replacing(path) as part:
            async with self._transport.stream(link.url) as chunks:
                async for chunk in chunks:
                    part.write(chunk)
            if link.bytes is not None and part.tell() != link.bytes:
                raise UnreachableError(f"the download has {part.tell()} bytes instead of {link.bytes}")

    async def status(self) -> LabStatus:
        """Read how the lab is set up, and what is missing."""
        return _read(LabStatus, await self._get("/env/status"))

    async def metrics(self) -> LabMetrics:
        """Read what the lab's process counted since it began."""
        return _read(LabMetrics, await self._get("/metrics"))

    async def lanes(self) -> LaneList:
        """Read what every lane is doing."""
        return _read(LaneList, await self._get("/lanes"))

    async def pause(self, lane_id: str) -> LaneState:
        """Close a lane for new renders; what runs there goes on."""
        return _read(LaneState, await self._send("POST", f"/lanes/{_segment(lane_id)}/pause"))

    async def resume(self, lane_id: str) -> LaneState:
        """Open a paused lane."""
        return _read(LaneState, await self._send("POST", f"/lanes/{_segment(lane_id)}/resume"))

    async def _make(self, path: str, document: Any, idempotency_key: str | None) -> Any:
        """Send what makes a job: repeating it with the same key makes the same job."""
        key = idempotency_key or str(uuid.uuid4())
        return await self._send("POST", path, document, headers={"Idempotency-Key": key})

    async def _send(self, verb: str, path: str, document: Any = None, **options: dict[str, str]) -> Any:
        answer = await self._transport.call(verb, path, json=document, patience_s=self._patience_s, **options)
        return answer.document

    async def _get(self, path: str, **params: str | int | None) -> Any:
        answer = await self._transport.call("GET", path, params=_given(**params), patience_s=self._patience_s)
        return answer.document


def _given(**values: Any) -> dict[str, Any]:
    """Leave out what is None: the server's defaults are its own."""
    return {name: value for name, value in values.items() if value is not None}


def _with(assets: bool) -> dict[str, str]:  # noqa: FBT001 - the keyword of the two calls
    return {"assets": "delete" if assets else "keep"}


def _segment(text: str) -> str:
    """Make any text one path segment: `../env` must not become another resource. An empty one names nothing."""
    return quote(text, safe="").replace(".", "%2E") or "-"


def _read(model: type[_Model], document: Any) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as fault:
        where = "/".join(str(part) for part in fault.errors()[0]["loc"])
        raise UnreachableError(f"the answer is not a {model.__name__} as this client knows it (at /{where})") from fault
