"""What a chain costs the event store, counted in the statements of a whole host: its speed is measured in bench/."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.functions_host.client import OrchestrationClient
from local.functions_host.durable_binding import DurableLinks
from local.functions_host.host import Host, Plan
from local.functions_host.host_settings import read_host_json
from local.functions_host.store import Store

APP = Path(__file__).parents[3] / "bench" / "host_app"


@pytest.fixture(name="said")
async def _said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Every statement that one chain of three activities made a running host say to SQLite."""
    script = f"app_{tmp_path.name.replace('-', '_')}.py"
    (tmp_path / script).write_text((APP / "function_app.py").read_text())
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", script)
    monkeypatch.setattr(sys, "path", [*sys.path])
    store, beside = Store(tmp_path / "store"), Store(tmp_path / "store")
    with socket.create_server(("127.0.0.1", 0)) as public, socket.create_server(("127.0.0.1", 0)) as loopback:
        plan = Plan(
            app=tmp_path,
            settings=read_host_json(APP),
            redelivery_s=0,
            keys=None,
            public=public,
            loopback=loopback,
            links=DurableLinks("Bench", "http://127.0.0.1", "http://127.0.0.1", ""),
        )
        host = Host(plan, store)
        serving = asyncio.create_task(host.run())
        statements: list[str] = []
        await asyncio.sleep(0)
        store.db.set_trace_callback(statements.append)
        OrchestrationClient(store, wake=host._wake).start("chain", "one", None)
        async with asyncio.timeout(60):
            while (row := beside.instance("one")) is None or not row.is_final:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(0.001)
        store.db.set_trace_callback(None)
        assert row.output == "3"
        yield statements
        host._stopping.set()
        assert await serving
        beside.close()


def test_a_chain_costs_one_commit_a_change(said: list[str]) -> None:
    """A chain of three activities commits eleven times: its start, four steps, three leases and three results."""
    in_transactions = said.count("COMMIT")
    alone = [text for text in said if text.startswith("UPDATE work SET leased_us")]
    assert (in_transactions, len(alone), said.count("ROLLBACK")) == (8, 3, 0)


def test_a_step_searches_and_never_scans(said: list[str], tmp_path: Path) -> None:
    """No statement of the engine walks a table, so the number of other instances costs a step nothing."""
    store = Store(tmp_path / "plans")
    plans = {
        statement: [row[3] for row in store.db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        for statement in set(said) - {"BEGIN IMMEDIATE", "COMMIT"}
    }
    store.close()
    assert len(plans) > 20
    assert [statement for statement, plan in plans.items() if any(line.startswith("SCAN") for line in plan)] == []
