"""What users do to a lab: submit, cancel, delete, retry, resolve, import; several at once, and again after a broken
connection. Knows the public API and what it answered; judges nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.models.job import JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.models.job import Job
    from tests.faults.scenario import Asked, Planned
    from tests.faults.world import World

ACCEPTED, NO_CONTENT, SERVER_ERROR = 202, 204, 500
_POSTS = 6
_POLL_S, _PATIENCE_S = 15.0, 5000.0
_RETRYABLE = {JobState.FAILED, JobState.CANCELLED}


@dataclass(eq=False)
class Asking:
    """One thing a user wants, however often it is sent for."""

    what: str
    owner: str
    body: dict[str, Any] | None = None
    key: str | None = None
    job_id: str | None = None
    """Whom it is about."""
    prompt: str | None = None
    """Of the job that may come of it."""
    most_jobs: int = 0


@dataclass(frozen=True)
class Reply:
    """What a client heard for one request; no status where the connection broke."""

    asking: Asking
    begun_s: float
    ended_s: float
    status: int | None
    body: dict[str, Any]

    @property
    def is_heard(self) -> bool:
        """Whether the client knows now what became of its request."""
        return self.status is not None and self.status < SERVER_ERROR


@dataclass
class Users:
    """Everybody who uses one lab."""

    world: World
    askings: list[Asking] = field(default_factory=list[Asking])
    replies: list[Reply] = field(default_factory=list[Reply])
    at_work: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _made: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """By what was asked for first: its job, and those that were made of it."""

    def begin(self) -> None:
        """Set everybody to work, each at the planned moment."""
        acts = {
            "cancel": self._cancel,
            "delete": self._delete,
            "delete failed": self._delete_failed,
            "retry": self._retry,
            "resolve": self._resolve,
            "import": self._import,
        }
        for n, asked in enumerate(self.world.plan.asked):
            if self.world.chance.only is None or self.world.chance.happens(f"job {n}"):
                asking = Asking(
                    "submit", asked.owner, asked.request, asked.key, prompt=asked.request["prompt"], most_jobs=1
                )
                self._want(asking, asked.copies)
                for copy in range(asked.copies):
                    self._start(self._submit(n, asked, asking, copy))
        for planned in self.world.plan.planned:
            if planned.what in acts:
                self._start(acts[planned.what](planned))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.at_work.add(task)
        task.add_done_callback(self.at_work.discard)

    def _want(self, asking: Asking, copies: int) -> None:
        if asking.most_jobs and not asking.key:
            asking.most_jobs = copies
        self.askings.append(asking)

    # ---- one request

    async def _ask(self, asking: Asking, place: str, function: str, *, repeats: bool = True, **about: Any) -> Reply:
        """Send for something, and again after a broken connection where that is safe."""
        headers = {"idempotency-key": asking.key} if asking.key else {}
        loop = asyncio.get_running_loop()
        tried = 0
        while True:
            label, begun_s = f"{place}.{tried}", loop.time()
            status, body = await self.world.http(
                label, function, owner=asking.owner, body=asking.body, headers=headers, **about
            )
            reply = Reply(asking, begun_s, loop.time(), status, body)
            self.replies.append(reply)
            tried += 1
            if reply.is_heard or not repeats or tried == _POSTS:
                return reply
            await asyncio.sleep(self.world.chance.stretched(f"{label}?again", 1, 60))

    async def _several(self, planned: Planned, asking: Asking, function: str, n: int, **about: Any) -> None:
        """Send for a job several times at once; again after a broken connection, but only under a key."""
        copies = self.world.chance.one_of(f"{planned.name}?copies", (1, 1, 2, 3))
        self._want(asking, copies)

        async def one(copy: int) -> None:
            place = f"{planned.name} {copy}"
            await asyncio.sleep(self.world.chance.stretched(f"{place}?copy", 0.001, 5 * copy + 0.002))
            self._note(n, await self._ask(asking, place, function, repeats=asking.key is not None, **about))

        await asyncio.gather(*(one(copy) for copy in range(copies)))

    def _note(self, n: int, reply: Reply) -> None:
        made = self._made.setdefault(n, [])
        if reply.status == ACCEPTED and reply.body["id"] not in made:
            made.append(reply.body["id"])

    # ---- what they do

    async def _submit(self, n: int, asked: Asked, asking: Asking, copy: int) -> None:
        await asyncio.sleep(asked.at_s + self.world.chance.stretched(f"copy {n}.{copy}", 0.001, 5 * copy + 0.002))
        reply = await self._ask(asking, f"post {n}.{copy}", "submit_video_job", repeats=asked.key is not None)
        self._note(n, reply)

    async def _cancel(self, planned: Planned) -> None:
        await asyncio.sleep(planned.at_s)
        job_id = self._whom(planned)
        if job_id is not None and self.world.chance.happens(planned.name):
            asking = Asking("cancel", self._owner(planned), job_id=job_id)
            await self._ask(
                asking, f"cancel {planned.name}", "cancel_video_job", repeats=False, route={"job_id": job_id}
            )

    async def _delete(self, planned: Planned) -> None:
        """Delete a job, in the middle of its life or once it has ended; then look whether it is gone for users."""
        chance, name = self.world.chance, planned.name
        if chance.draw(f"{name}?when ended") < 0.5:
            job_id = await self._job_when(planned, lambda job: job.state.is_final)
        else:
            await asyncio.sleep(planned.at_s)
            job_id = self._whom(planned)
        if job_id is None or not chance.happens(name):
            return
        asking = Asking("delete", self._owner(planned), job_id=job_id)
        params = chance.one_of(f"{name}?assets", ({}, {"assets": "keep"}, {"assets": "delete"}))
        about: dict[str, Any] = {"method": "DELETE", "route": {"job_id": job_id}, "params": params}
        reply = await self._ask(asking, name, "delete_video_job", **about)
        if reply.status != NO_CONTENT:
            return
        look = Asking("look at deleted", asking.owner, job_id=job_id)
        await self._ask(look, f"{name} look", "get_video_job", repeats=False, method="GET", route={"job_id": job_id})
        asked = self.world.plan.asked[planned.job]
        if asked.key and self._submitted(planned.job) == job_id:
            again = Asking("submit deleted", asked.owner, asked.request, asked.key, job_id)
            await self._ask(again, f"{name} again", "submit_video_job")

    async def _delete_failed(self, planned: Planned) -> None:
        await asyncio.sleep(planned.at_s)
        if not self.world.chance.happens(planned.name):
            return
        asking = Asking("delete failed", self._owner(planned))
        params = self.world.chance.one_of(f"{planned.name}?assets", ({}, {"assets": "delete"}))
        about: dict[str, Any] = {"method": "DELETE", "route": {"job_id": "failed"}, "params": params}
        copies = self.world.chance.one_of(f"{planned.name}?copies", (1, 2))
        asks = (self._ask(asking, f"{planned.name} {copy}", "delete_video_job", **about) for copy in range(copies))
        await asyncio.gather(*asks)

    async def _retry(self, planned: Planned) -> None:
        """Retry a job that has ended without a video; now and then with another prompt, now and then one too early."""
        chance, name = self.world.chance, planned.name
        if chance.draw(f"{name}?too early") < 0.1:
            await asyncio.sleep(planned.at_s)
            job_id = self._whom(planned)
        else:
            job_id = await self._job_when(planned, lambda job: job.state in _RETRYABLE)
        if job_id is None or not chance.happens(name):
            return
        prompt = self.world.recorder.job(job_id).prompt
        body: dict[str, Any] = {}
        if chance.draw(f"{name}?changes") < 0.3:
            prompt = body["prompt"] = f"{prompt.partition(' [')[0]}, again"
        if chance.draw(f"{name}?confirms") < 0.5:
            body["confirm_new_charge"] = True
        key = f"retry {name}" if chance.draw(f"{name}?key") < 0.8 else None
        asking = Asking("retry", self._owner(planned), body, key, job_id, prompt, most_jobs=1)
        await self._several(planned, asking, "retry_video_job", planned.job, route={"job_id": job_id})

    async def _resolve(self, planned: Planned) -> None:
        """Settle a disputed job: with a render of its own, with one that is not, or by a word, be it true or not.

        Where no prompt is named nobody would ever correct a false one: there they are right.
        """
        chance, name = self.world.chance, planned.name
        job_id = await self._job_when(planned, lambda job: job.cost_state == "disputed")
        if job_id is None or not chance.happens(name):
            return
        plan, renders = self.world.plan, self.world.provider.renders
        own = {one.render_id for one in self.world.provider.creates if one.job == job_id and one.render_id}
        others = [render.id for render in renders if render.id not in own]
        say = chance.one_of(f"{name}?say", ("own", "own", "word", "other")) if plan.names_prompts else "own"
        named = sorted(own) if say == "own" else others if say == "other" else []
        body = {"render_id": chance.one_of(f"{name}?which", named)} if named else {"not_charged": True}
        asking = Asking("resolve", self._owner(planned), body, job_id=job_id)
        route = {"job_id": job_id}
        copies = range(chance.one_of(f"{name}?copies", (1, 1, 2)))
        asks = (self._ask(asking, f"{name} {copy}", "resolve_video_job", route=route) for copy in copies)
        await asyncio.gather(*asks)

    async def _import(self, planned: Planned) -> None:
        """Import a render that another client had made, or any that the provider knows; on an exclusive account there
        are no others. Where no prompt is named, its user names it.
        """
        chance, name = self.world.chance, planned.name
        await asyncio.sleep(planned.at_s)
        if not chance.happens(name):
            return
        plan, provider = self.world.plan, self.world.provider
        lane = chance.one_of(f"{name}?lane", plan.lanes)
        renders = [] if plan.is_exclusive else [provider.make_foreign(f"a foreign kite, {name}", lane["deployment"])]
        await asyncio.sleep(chance.stretched(f"{name}?later", 0.1, 300))
        if chance.draw(f"{name}?foreign") < 0.4 or not renders:
            renders = provider.renders
        if not renders:
            return
        render = chance.one_of(f"{name}?which", renders)
        key = f"import {name}" if chance.draw(f"{name}?key") < 0.8 else None
        named = {} if plan.names_prompts else {"prompt": render.order.prompt}
        body = {"render_id": render.id, "lane": lane["name"], **named}
        asking = Asking("import", self._owner(planned), body, key, render.id, prompt=render.order.prompt, most_jobs=1)
        await self._several(planned, asking, "import_video_job", planned.job)

    # ---- whom it is about

    def _submitted(self, n: int) -> str | None:
        """Return the job that was submitted as planned, as soon as its user knows it."""
        body = self.world.plan.asked[n].request
        heard = (reply for reply in self.replies if reply.asking.body is body and reply.status == ACCEPTED)
        return next((reply.body["id"] for reply in heard), None)

    def _owner(self, planned: Planned) -> str:
        return self.world.plan.asked[planned.job].owner

    def _whom(self, planned: Planned) -> str | None:
        made = self._made.get(planned.job, [])
        return self.world.chance.one_of(f"{planned.name}?whom", made) if made else None

    async def _job_when(self, planned: Planned, holds: Callable[[Job], bool]) -> str | None:
        """Wait until something holds of one of the jobs; None when patience ends first."""
        await asyncio.sleep(planned.at_s)
        chance, name, recorder = self.world.chance, planned.name, self.world.recorder
        for _ in range(int(_PATIENCE_S / _POLL_S)):
            known = [job_id for job_id in self._made.get(planned.job, []) if not recorder.job(job_id).deleted_at]
            if fitting := [job_id for job_id in known if holds(recorder.job(job_id))]:
                await asyncio.sleep(chance.stretched(f"{name}?later", 0.01, 1000))
                return chance.one_of(f"{name}?whom", fitting)
            if known and all(recorder.job(job_id).state == JobState.SUCCEEDED for job_id in known):
                return None
            await asyncio.sleep(_POLL_S)
        return None
