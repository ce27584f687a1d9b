"""Batches, slots and rates under lost replies and under many at once."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables.aio import TableClient

from shared import clock, config, jobs, pools, rates, rows, storage
from shared.ids import JobId, digest
from shared.models.job import JobRequest
from shared.rates import STATE_KEY, LaneState, PoolState
from shared.rows import Change, Delete, Insert, Merge, Put, Replace
from shared.submission import Accepted

if TYPE_CHECKING:
    from tests.integration.app.steps.conftest import Lab, Wire
    from tests.integration.conftest import Azurite

pytestmark = pytest.mark.usefixtures("lab")


@pytest.fixture
def place() -> str:
    """A partition of the test's own."""
    return f"test!{secrets.token_hex(8)}"


@pytest.mark.parametrize("lost", [ServiceRequestError, ServiceResponseError, IncompleteReadError])
async def test_a_lost_reply_is_told_from_a_conflict(place: str, wire: Wire, lost: type[AzureError]) -> None:
    """A batch whose reply was lost, or cut, is sent again, meets its own first try, and is a success."""
    table = await storage.table()
    wire.lose_as = lost
    wire.lose_next = 1
    assert await rows.commit(table, place, [Insert("a", {"n": 1}), Insert("b", {"n": 1})])
    before = await rows.read(table, place, "a")
    assert before
    wire.lose_next = 1
    assert await rows.commit(table, place, [Replace("a", before.etag, {"n": 2}), Put("c", {})])
    wire.lose_next = 1
    assert await rows.commit(table, place, [Delete("a")])
    assert await rows.read(table, place, "a") is None


async def test_one_row_that_travels_alone_keeps_the_rules(place: str, wire: Wire) -> None:
    """One insert or merge is no batch; its lost reply is told from a conflict, and a conflict stays one."""
    table = await storage.table()
    wire.requests.clear()
    for change in (Insert("a", {"n": 1}), Merge("a", {"m": 2})):
        wire.lose_next = 1
        assert await rows.commit(table, place, [change])
    assert not any("$batch" in request.url for request in wire.requests)
    wire.lose_next = 1
    assert not await rows.commit(table, place, [Insert("a", {"n": 3})])
    assert not await rows.commit(table, place, [Merge("b", {"n": 3})])
    row = await rows.read(table, place, "a")
    assert row
    assert (row.values["n"], row.values["m"]) == (1, 2)


@pytest.mark.parametrize("change", [Insert("a", {}), Merge("a", {}), Put("a", {}), Delete("a")])
async def test_a_table_that_is_gone_is_no_conflict(place: str, change: Change, azurite: Azurite) -> None:
    """Whatever is to be written: a table that somebody deleted is an error, not another's write."""
    name = f"t{secrets.token_hex(8)}"
    async with TableClient.from_connection_string(azurite.connection_string, name) as missing:
        with pytest.raises(HttpResponseError):
            await rows.commit(missing, place, [change])


async def test_a_conflict_stays_a_conflict_when_its_reply_was_lost(place: str, wire: Wire) -> None:
    """A batch that was refused and whose refusal was lost is refused again, and nothing of it is written."""
    table = await storage.table()
    assert await rows.commit(table, place, [Insert("a", {"n": 1})])
    wire.lose_next = 1
    assert not await rows.commit(table, place, [Insert("a", {"n": 2}), Insert("b", {"n": 2})])
    assert await rows.read(table, place, "b") is None
    row = await rows.read(table, place, "a")
    assert row
    assert row.values["n"] == 1


async def test_a_storage_that_never_answers_is_an_error(place: str, wire: Wire) -> None:
    """Two lost replies in a row are no proof of anything: the error goes up."""
    table = await storage.table()
    wire.lose_next = 2
    with pytest.raises(ServiceRequestError):
        await rows.commit(table, place, [Insert("a", {})])


async def test_each_kind_of_change_refuses_what_it_must(place: str) -> None:
    """Insert wants no row, Replace and Delete the one that was read, Merge any; else the whole batch is void."""
    table = await storage.table()
    assert await rows.commit(table, place, [Insert("a", {"n": 1})])
    old = await rows.read(table, place, "a")
    assert old
    assert await rows.commit(table, place, [Merge("a", {"m": 2})])
    new = await rows.read(table, place, "a")
    assert new
    assert (new.values["n"], new.values["m"]) == (1, 2)
    for refused in (Insert("a", {}), Replace("a", old.etag, {}), Delete("a", old.etag), Merge("x", {}), Delete("x")):
        assert not await rows.commit(table, place, [Put("b", {}), refused])
    assert await rows.read(table, place, "b") is None


class TestALaneOfThree:
    """A lane with a cap of three and five creates a minute."""

    @pytest.fixture
    def lane(self, lane: dict[str, Any]) -> dict[str, Any]:
        """The limits."""
        return lane | {"max_in_flight": 3, "creates_per_minute": 5}

    async def test_admission_never_passes_the_cap(self, lab: Lab) -> None:
        """However many submit and admit at once, as many run as the lane takes, and each job is admitted once."""
        jobs_in = await asyncio.gather(*(lab.submit() for _ in range(10)))
        refs = await asyncio.gather(*(pools.admit(lab.model) for _ in range(20)))
        assert [ref for some in refs for ref in some] == []
        pool = await lab.pool()
        assert len(pool.slots) == 3
        assert len(lab.client.started) == len(set(lab.client.started)) == 3
        assert len(pool.waiting) == 7
        assert {f"job_{ulid}" for ulid in (*pool.running, *pool.waiting)} == {job.id for job in jobs_in}

    async def test_a_slot_given_back_by_many_admits_one(self, lab: Lab) -> None:
        """Copies of the same release free one slot, remember one duration, and admit one job."""
        await asyncio.gather(*(lab.submit() for _ in range(6)))
        first = next(iter((await lab.pool()).running))
        running = await jobs.read(lab.owner, JobId(first))
        assert running
        lab.client.started.clear()
        await asyncio.gather(*(lab.do("release", running.job, render_s=7.0) for _ in range(8)))
        pool = await lab.pool()
        assert len(pool.slots) == 3
        assert len(lab.client.started) == 1
        assert pool.state.lane("main").durations_s == {running.job.shape: [7.0]}

    async def test_tokens_never_pass_the_rate(self, lab: Lab) -> None:
        """However many ask at once, as many creates are allowed as the rate says; the rest learn how long to wait."""
        taken = await asyncio.gather(*(rates.take_token(lab.model, "main") for _ in range(20)))
        waits = [one.seconds for one in taken if isinstance(one, rates.Wait)]
        assert len(waits) == 15
        assert all(0 < wait <= 65 for wait in waits)


async def keyed(lab: Lab, request: JobRequest, key: str) -> str:
    """Send a request with a key; what came of it."""
    taken = await lab.take(request, key)
    return taken.job.id if isinstance(taken, Accepted) else getattr(taken, "job_id", type(taken).__name__)


async def expire_key(lab: Lab, key: str) -> None:
    """Let a key's time be over."""
    until = clock.now() - timedelta(seconds=1)
    await lab.rewrite(jobs.partition(lab.owner), f"key!{digest(key)}", until=until)


async def test_parallel_submits_with_one_key_make_one_job(lab: Lab) -> None:
    """Of many that come at once, one is taken, the others are told its id, and no ticket but its own is left."""
    request = JobRequest(prompt="a kite")
    ids = {*await asyncio.gather(*(keyed(lab, request, "k") for _ in range(10)))}
    assert len(ids) == 1
    pool = await lab.pool()
    assert {f"job_{ulid}" for ulid in (*pool.running, *pool.waiting)} == ids


async def test_an_expired_key_makes_one_new_job(lab: Lab) -> None:
    """A key whose time is over can be used again, also by many at once and for another request."""
    first = await keyed(lab, JobRequest(prompt="a kite"), "k")
    await expire_key(lab, "k")
    request = JobRequest(prompt="another kite")
    ids = {*await asyncio.gather(*(keyed(lab, request, "k") for _ in range(5)))}
    assert len(ids) == 1
    assert first not in ids
    assert await keyed(lab, JobRequest(prompt="a kite"), "k") == "KeyReused"
    pool = await lab.pool()
    assert len(pool.running) + len(pool.waiting) == 2


async def test_the_order_of_metadata_does_not_make_another_request(lab: Lab) -> None:
    """The same request written down in another order is the same request."""
    first = await keyed(lab, JobRequest(prompt="a kite", metadata={"a": "1", "b": "2"}), "k")
    assert await keyed(lab, JobRequest(prompt="a kite", metadata={"b": "2", "a": "1"}), "k") == first


async def test_a_full_queue_still_answers_a_repeat(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner with too many open jobs is sent away, but a repeat of what was taken is told its job."""
    monkeypatch.setenv("MAX_OPEN_JOBS", "1")
    config.configuration.cache_clear()
    request = JobRequest(prompt="a kite")
    first = await keyed(lab, request, "k")
    assert await keyed(lab, request, "other") == "QueueFull"
    assert await keyed(lab, request, "k") == first
    assert await keyed(lab, JobRequest(prompt="another"), "k") == "KeyReused"
    pool = await lab.pool()
    assert len(pool.running) + len(pool.waiting) == 1


async def test_every_text_survives_its_row(lab: Lab) -> None:
    """A job is read back as it was written, whatever Unicode its prompt and metadata hold, at full length."""
    prompts = [
        "\x00\x01\x1f\r\n\t",
        "  spaces  ",
        "\ufffe\uffff\u2028",
        "e\u0301 \u00e9",
        "'\"\\<>&;--",
        "\U0001f3ac" * 16_000,
    ]
    for prompt in prompts:
        job = await lab.submit(
            prompt + "x"[: 32_000 - len(prompt.encode("utf-16-le")) // 2], metadata={"": "\U0001f3ac" * 256}
        )
        assert (await lab.read(job)).model_dump() == job.model_dump()


async def test_a_memory_of_any_size_survives_its_row(place: str) -> None:
    """What twenty lanes of one pool remember is more than one property holds, and is read back as it was written."""
    lanes = {f"lane-{n}": LaneState(attention="\U0001f3ac" * 2_000) for n in range(20)}
    table = await storage.table()
    for kept in (lanes, {"one": LaneState()}):
        state = PoolState(lanes=kept)
        assert await rows.commit(table, place, [Put(STATE_KEY, rows.values_of(state))])
        found = await rows.read(table, place, STATE_KEY)
        assert found
        assert rows.model_of(PoolState, found.values) == state
