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
from client.models import ContentLink, Job, JobPage, JobState, LabMetrics, LabStatus
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
        asked = {"model": model, "size": size, "seconds": seconds, "variants": variants, "metadata": metadata}
        answer = await self._transport.call(
            "POST",
            "/videos/jobs",
            json={"prompt": prompt, **{name: value for name, value in asked.items() if value is not None}},
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            patience_s=self._patience_s,
        )
        return _read(Job, answer.document)

    async def job(self, job_id: str) -> Job:
        """Look at one job."""
        return _read(Job, await self._get(f"/videos/jobs/{_segment(job_id)}"))

    async def jobs(
        self, *, limit: int | None = None, cursor: str | None = None, state: JobState | None = None
    ) -> JobPage:
        """Read one page of jobs, newest first; pass its `next_cursor` to read the next one."""
        return _read(JobPage, await self._get("/videos/jobs", limit=limit, cursor=cursor, state=state))

    async def all_jobs(self, *, state: JobState | None = None, page_size: int | None = None) -> AsyncIterator[Job]:
        """Walk through every job, newest first, a page at a time."""
        cursor: str | None = None
        while True:
            page = await self.jobs(limit=page_size, cursor=cursor, state=state)
            for job in page.jobs:
                yield job
            cursor = page.next_cursor
            if cursor is None:
                return

    async def cancel(self, job_id: str) -> Job:
        """Ask that the job ends; one that is already rendering ends a little later. Returns the job as it then is."""
        path = f"/videos/jobs/{_segment(job_id)}/cancel"
        answer = await self._transport.call("POST", path, patience_s=self._patience_s)
        return _read(Job, answer.document)

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

    async def _get(self, path: str, **params: str | int | None) -> Any:
        given = {name: value for name, value in params.items() if value is not None}
        answer = await self._transport.call("GET", path, params=given, patience_s=self._patience_s)
        return answer.document


def _segment(text: str) -> str:
    """Make any text one path segment: `../env` must not become another resource. An empty one names nothing."""
    return quote(text, safe="").replace(".", "%2E") or "-"


def _read(model: type[_Model], document: Any) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as fault:
        where = "/".join(str(part) for part in fault.errors()[0]["loc"])
        raise UnreachableError(f"the answer is not a {model.__name__} as this client knows it (at /{where})") from fault
