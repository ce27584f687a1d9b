"""What the page at /_host is told, and what telling it costs the event store."""

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from local.functions_host import history as ev
from local.functions_host.client import OrchestrationClient
from local.functions_host.inspector.inspector import Inspector
from local.functions_host.inspector.listing import PAGE_ROWS, Wanted, counts, newest
from local.functions_host.rows import NewInstance
from local.functions_host.store import Store

MANY = 1_000
PAGE = {"x-host-page": "1"}


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    """A thousand instances: i0000, the oldest, to i0999; of them i0002 has ended."""
    store = Store(tmp_path / "store")
    with store.transaction():
        for number in range(MANY):
            name = "rare" if number == 7 else "often"
            started = ev.ExecutionStarted(number, name, f'"{"p" * 5000}"', f"x{number}", 0, None)
            store._create(NewInstance(f"i{number:04}", started))
        store.db.execute("UPDATE instances SET status = 'Canceled' WHERE id = 'i0002'")
    return store


@pytest.fixture(name="http")
async def _http(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the inspector, without a host around it."""
    inspector = Inspector(store, OrchestrationClient(store, wake=_nobody), {"app": "a", "hub": "h", "functions": []})

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        response = await inspector.answer(Request(scope, receive), scope["path"])
        await response(scope, receive, send)

    transport = httpx.ASGITransport(app=serve, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7071") as http:
        yield http
    store.close()


def _nobody(instance_ids: Iterable[str]) -> None:
    del instance_ids


def ids(answer: httpx.Response) -> list[str]:
    """The instances of a list."""
    return [one["id"] for one in answer.json()["instances"]]


async def test_pages_join_without_a_gap(http: httpx.AsyncClient) -> None:
    """Page after page, newest first, every instance comes once; what is long is cut."""
    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        answer = await http.get("/api/instances", params={"before": before})
        assert len(answer.content) < 30_000
        seen += ids(answer)
        before = answer.json()["before"]
    assert seen == [f"i{number:04}" for number in reversed(range(MANY))]


async def test_a_page_reads_no_more_than_it_shows(store: Store) -> None:
    """The index of creation is walked from the newest on: nothing is sorted, and one row more than a page is read."""
    said: list[str] = []
    store.db.set_trace_callback(said.append)
    found, before = newest(store.db, Wanted(), None)
    newest(store.db, Wanted(), before)
    newest(store.db, Wanted(statuses=frozenset({"Failed"}), id_prefix="i"), None)
    store.db.set_trace_callback(None)
    assert len(found) == PAGE_ROWS
    for statement in said:
        plan = [row[3] for row in store.db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert len(plan) == 1
        assert re.match(r"(SCAN|SEARCH) instances USING INDEX instances_by_creation", plan[0])
        assert statement.endswith(f"LIMIT {PAGE_ROWS + 1}")
    store.close()


async def test_states_are_counted_in_an_index(store: Store) -> None:
    """The counts of the states read an index that holds nothing else, never a row with its input."""
    said: list[str] = []
    store.db.set_trace_callback(said.append)
    assert counts(store.db) == {"Pending": MANY - 1, "Canceled": 1}
    store.db.set_trace_callback(None)
    (statement,) = said
    plan = [row[3] for row in store.db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan == ["SCAN instances USING COVERING INDEX instances_by_status"]
    store.close()


async def test_without_a_change_nothing_is_read(store: Store, http: httpx.AsyncClient) -> None:
    """A page that knows the last answer is told so without a statement, and of any change at once."""
    stamp = {"if-none-match": (await http.get("/api/instances")).headers["etag"]}
    said: list[str] = []
    store.db.set_trace_callback(said.append)
    assert (await http.get("/api/instances", headers=stamp)).status_code == 304
    assert said == []
    store.db.set_trace_callback(None)
    await http.post("/api/instances/i0001/terminate", headers=PAGE)
    assert (await http.get("/api/instances", headers=stamp)).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "RAR"}, ["i0007"]),
        ({"id": "I099", "from": "1970-01-01T00:00:00.000998Z"}, ["i0999", "i0998"]),
        ({"id": "i00", "to": "1970-01-01T00:00:00.000001Z"}, ["i0001", "i0000"]),
        ({"state": "Failed,Completed"}, []),
        ({"state": "Pending", "id": "i0042"}, ["i0042"]),
        ({"id": "i%"}, []),
        ({"id": "i*"}, []),
    ],
)
async def test_filters_combine(http: httpx.AsyncClient, query: dict[str, str], expected: list[str]) -> None:
    """State, beginnings of name and id in any case, and time; a prefix holds no wildcards."""
    assert ids(await http.get("/api/instances", params=query)) == expected


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"to": "5"}, {"before": "x"}, {"before": "x~y"}])
async def test_what_cannot_be_read_is_said(http: httpx.AsyncClient, query: dict[str, str]) -> None:
    """A filter or place that makes no sense is refused with a sentence that names it."""
    answer = await http.get("/api/instances", params=query)
    assert answer.status_code == 400
    assert f"'{next(iter(query))}'" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("i0001/terminate", {}, 202),
        ("i0002/terminate", {}, 409),
        ("i0001/resume", {}, 409),
        ("i0001/purge", {}, 409),
        ("i0001/rewind", {}, 409),
        ("i0001/event", {}, 400),
        ("i0001/event", {"name": "Go"}, 202),
        ("i0001/explode", {}, 400),
        ("i0001/terminate", [], 400),
        ("gone/terminate", {}, 404),
    ],
)
async def test_a_change_is_made_or_explained(http: httpx.AsyncClient, path: str, body: Any, status: int) -> None:
    """What cannot be done in an instance's state, or at all, is answered with a sentence."""
    answer = await http.post(f"/api/instances/{path}", json=body, headers=PAGE)
    assert answer.status_code == status
    assert ("error" in answer.json()) == (status != 202)


async def test_answers_are_only_for_this_page(http: httpx.AsyncClient) -> None:
    """Every answer forbids foreign scripts, frames and caches, and nothing but the page's own files is served."""
    for path in ("/", "/main.js", "/api/about"):
        answer = await http.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    for path in ("/nothing.js", "/..%2fpage%2fmain.js", "/inspector.py", "/..%2finspector.py", "/page", "/api/nothing"):
        assert (await http.get(path)).status_code == 404
    assert (await http.post("/api/instances/i0001/terminate")).status_code == 403
