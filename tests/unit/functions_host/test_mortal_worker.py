"""What dies with a worker, and what comes after it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from local.functions_host.disorder import Death, Disorder
from local.functions_host.invoker import Extras, Function, HttpCall, HttpReply, InvocationError, WorkerExitError
from local.functions_host.mortal_worker import KILLED, MortalWorker

CALL = HttpCall("GET", "http://h/", {}, {}, {}, b"")


@dataclass(frozen=True, slots=True)
class Scripted(Disorder):
    """Deaths by the name of the place."""

    deaths: dict[str, Death] = field(default_factory=dict)

    def death(self, place: str) -> Death | None:
        """Look it up."""
        return self.deaths.get(place)


@dataclass
class FakeFunctions:
    """Functions that note what becomes of them: `slow` waits, `exits` ends its process, others end at once."""

    seen: list[str] = field(default_factory=list)

    async def until_begun(self, count: int) -> None:
        """Let the loop turn until so many have begun."""
        async with asyncio.timeout(5):
            while len(self.seen) < count:  # noqa: ASYNC110 - the code under test tells nobody
                await asyncio.sleep(0)

    async def run(self, name: str) -> str:
        """Run one."""
        self.seen.append(f"{name} begins")
        try:
            if name == "exits":
                raise WorkerExitError("python", 1)
            if name == "slow":
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.seen.append(f"{name} is cut")
            raise
        self.seen.append(f"{name} ends")
        return name

    def load(self) -> Sequence[Function]:
        """Load nothing."""
        return []

    async def http(self, name: str, *_: object) -> HttpReply:
        """Run an HTTP function."""
        await self.run(name)
        return HttpReply(200, [], b"")

    async def activity(self, name: str, *_: object) -> str:
        """Run an activity."""
        return await self.run(name)

    async def orchestrator(self, name: str, *_: object) -> str:
        """Run a step."""
        return await self.run(name)

    async def timer(self, name: str, *_: object) -> None:
        """Run a timer function."""
        await self.run(name)

    def close(self) -> None:
        """Close nothing."""


def mortal(functions: FakeFunctions, exits: list[bool], first_call: int = 0, **deaths: Death) -> MortalWorker:
    """A worker that dies of the first call of these functions."""
    script = Scripted(deaths={f"{name} {first_call + 1}": death for name, death in deaths.items()})
    return MortalWorker(functions, script, first_call=first_call, exit_host=lambda: exits.append(True))


async def killed(worker: MortalWorker, name: str) -> None:
    """Call an activity that dies with its worker."""
    with pytest.raises(WorkerExitError, match=rf"exited with code {KILLED} \(0x89\)"):
        await worker.activity(name, None, Extras())


async def test_death_before_and_after_the_effect() -> None:
    """One call never began; another did all its work, and its result is lost all the same."""
    functions = FakeFunctions()
    worker = mortal(functions, [], before=Death.FIRST, after=Death.LAST)
    await killed(worker, "before")
    await killed(worker, "after")
    assert functions.seen == ["after begins", "after ends"]


async def test_everything_in_flight_dies_with_the_worker() -> None:
    """Activities, orchestrator steps, HTTP and timer functions that wait are cut, and all fail alike."""
    functions = FakeFunctions()
    worker = mortal(functions, [], killer=Death.FIRST)
    waiting = [
        asyncio.ensure_future(worker.activity("slow", None, Extras())),
        asyncio.ensure_future(worker.orchestrator("slow", "", Extras())),
        asyncio.ensure_future(worker.http("slow", CALL, Extras())),
        asyncio.ensure_future(worker.timer("slow", "", Extras())),
    ]
    await functions.until_begun(len(waiting))
    await killed(worker, "killer")
    failures = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(failure) for failure in failures] == [WorkerExitError] * len(waiting)
    assert functions.seen.count("slow is cut") == len(waiting)


async def test_call_after_a_death_waits_for_the_new_worker() -> None:
    """It is not lost, and the death is not counted against it."""
    worker = mortal(FakeFunctions(), [], killer=Death.FIRST)
    await killed(worker, "killer")
    assert await worker.activity("fine", None, Extras()) == "fine"
    assert await worker.orchestrator("killer", "", Extras()) == "killer"


async def test_third_death_ends_the_host() -> None:
    """Two are survived (functions-host-measured.md, 19)."""
    exits: list[bool] = []
    worker = mortal(FakeFunctions(), exits, one=Death.FIRST, two=Death.LAST, three=Death.FIRST)
    await killed(worker, "one")
    await killed(worker, "two")
    assert exits == []
    await killed(worker, "three")
    assert exits == [True]


async def test_function_that_ends_its_process_is_a_death() -> None:
    """Its exit code is what everything in flight reports."""
    exits: list[bool] = []
    functions = FakeFunctions()
    worker = mortal(functions, exits)
    beside = asyncio.ensure_future(worker.activity("slow", None, Extras()))
    await functions.until_begun(1)
    with pytest.raises(WorkerExitError, match="code 1 "):
        await worker.activity("exits", None, Extras())
    with pytest.raises(WorkerExitError, match="code 1 "):
        await beside


async def test_failure_of_a_function_is_no_death() -> None:
    """It reaches its caller as it is."""
    functions = FakeFunctions()

    async def fail(_: str) -> str:
        raise InvocationError("broken", report="", message="")

    functions.run = fail  # type: ignore[method-assign]
    worker = mortal(functions, [])
    with pytest.raises(InvocationError, match="broken"):
        await worker.activity("a", None, Extras())


async def test_restarted_host_meets_other_draws() -> None:
    """The calls of a later host are counted on from what was there before."""
    functions = FakeFunctions()
    worker = mortal(functions, [], first_call=50, killer=Death.FIRST)
    await killed(worker, "killer")
    assert functions.seen == []
