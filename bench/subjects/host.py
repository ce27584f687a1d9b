"""How fast the Functions host stand-in runs orchestrations, beside what the SDK's own replay and SQLite cost."""

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path

import azure.durable_functions as df
import httpx

from bench.figure import Figure
from bench.host_app import stories
from local.functions_host import history as ev
from local.functions_host.dialect import Step
from local.functions_host.dialect_v1 import JsonDialect
from local.functions_host.store_file import open_store
from tests.integration.functions_host.running_host import WEBHOOKS, RunningHost

_APP = Path(__file__).parents[1] / "host_app"
_ALONE, _AT_ONCE, _TIMERS, _OTHERS = 60, 200, 1_000, 10_000
_COMMITS = 11  # of one chain: its start, four steps, three activities leased and finished (asserted in tests/)
_POOL = 4  # threads for the app's synchronous functions, so that the number of processors does not count
_DEADLINE_S = 300


def figures() -> Iterable[Figure]:
    """Bring a host up on an empty store, then on one with many other instances in it."""
    os.environ["PYTHON_THREADPOOL_THREAD_COUNT"] = str(_POOL)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with _host(state) as host:
            _run(host, "warm", 20)
            alone, alone_cpu_s = _one_by_one(host, "alone")
            floor_s = _replay_s(_history(state, "alone-0")) + _COMMITS * _commit_s(Path(folder))
            at_once_s = _run(host, "at-once", _AT_ONCE)
            sleeping = _sleep(host)
            threads = _threads(host)
        _multiply(state, "sleeper-0", _OTHERS - sleeping)
        with _host(state) as host:
            _run(host, "warm-again", 20)
            _, crowded_cpu_s = _one_by_one(host, "crowded")
    yield Figure("the SDK's replay and the commits of one chain", floor_s * 1000, "ms")
    yield Figure("one chain of 3 activities, median", alone * 1000, "ms", at_most=20)
    yield Figure("  over its replay and commits", alone / floor_s, "times", at_most=7)
    yield Figure(f"{_AT_ONCE} chains at once", at_once_s, "s", at_most=3)
    yield Figure("  over their replay and commits", at_once_s / (_AT_ONCE * floor_s), "times", at_most=5)
    yield Figure(f"threads with {sleeping:,} timers pending", threads, "", at_most=10)
    yield Figure("processor time of one chain on an empty store", alone_cpu_s * 1000, "ms")
    yield Figure(f"  among {_OTHERS:,} other instances", crowded_cpu_s / alone_cpu_s, "times", at_most=1.25)


@contextmanager
def _host(state: Path) -> Generator[RunningHost]:
    host = RunningHost(state, app=_APP).start()
    try:
        yield host
    finally:
        host.stop()


# ---- the host


def _one_by_one(host: RunningHost, prefix: str) -> tuple[float, float]:
    """Median seconds of a chain that runs alone, and the host's processor time for one."""
    spent_s = _processor_s(host)
    median_s = statistics.median(_run(host, f"{prefix}-{number}", 1) for number in range(_ALONE))
    return median_s, (_processor_s(host) - spent_s) / _ALONE


def _run(host: RunningHost, prefix: str, count: int) -> float:
    """Start chains side by side; gives the seconds from the first one's start to the last one's end."""
    ids = [prefix] if count == 1 else [f"{prefix}-{number}" for number in range(count)]
    asyncio.run(_start(host, "chain", ids))
    done = "SELECT COUNT(*), MAX(updated_us) - MIN(created_us) FROM instances WHERE status = 'Completed' AND id {}"
    which = "= ?" if count == 1 else "GLOB ? || '-*'"
    return _until(host.state, done.format(which), prefix, lambda row: row[0] == count)[1] / 1e6


def _sleep(host: RunningHost) -> int:
    asyncio.run(_start(host, "sleeper", [f"sleeper-{number}" for number in range(_TIMERS)]))
    return _until(host.state, "SELECT COUNT(*) FROM timers WHERE ?", "1", lambda row: row[0] == _TIMERS)[0]


async def _start(host: RunningHost, name: str, ids: Sequence[str]) -> None:
    headers = {"x-functions-key": host.key("durabletask_extension")}
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=f"{host.base}{WEBHOOKS}", headers=headers, limits=limits, timeout=60) as http:
        answers = await asyncio.gather(*(http.post(f"/orchestrators/{name}/{own}") for own in ids))
    for answer in answers:
        answer.raise_for_status()


def _until(state: Path, sql: str, value: str, is_done: Callable[[tuple[int, ...]], bool]) -> tuple[int, ...]:
    """Read the store beside the running host: asking the host would be work for it."""
    end = time.monotonic() + _DEADLINE_S
    with closing(_read(state)) as db:
        while time.monotonic() < end:
            row: tuple[int, ...] = db.execute(sql, (value,)).fetchone()
            if is_done(row):
                return row
            time.sleep(0.005)
    raise TimeoutError(f"{sql} ({value}) after {_DEADLINE_S} s")


def _read(state: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{state / 'store.sqlite3'}?mode=ro", uri=True)


def _threads(host: RunningHost) -> int:
    return sum(1 for _ in (_process(host) / "task").iterdir())


def _processor_s(host: RunningHost) -> float:
    """What /proc/PID/stat counts: user and system time in ticks, the 14th and 15th word."""
    words = (_process(host) / "stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _process(host: RunningHost) -> Path:
    assert host.process is not None  # noqa: S101 - it runs
    return Path("/proc") / str(host.process.pid)


def _multiply(state: Path, instance_id: str, count: int) -> None:
    """Copy one instance with all its rows: to start so many would take a minute."""
    with closing(open_store(state / "store.sqlite3")) as db:
        db.execute("BEGIN")
        for table, own in (("instances", "id"), ("history", "instance_id"), ("timers", "instance_id")):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            kept = [name for name in columns if name != own and (table, name) != ("timers", "seq")]
            db.execute(
                f"WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < ?) "  # noqa: S608 - our own names
                f"INSERT INTO {table} ({own}, {', '.join(kept)}) "
                f"SELECT 'copy-' || n, {', '.join(kept)} FROM {table}, copy WHERE {own} = ?",
                (count, instance_id),
            )
        db.execute("COMMIT")


# ---- what it is held against


def _history(state: Path, instance_id: str) -> list[ev.Event]:
    with closing(_read(state)) as db:
        rows = db.execute("SELECT kind, fields FROM history WHERE instance_id = ? ORDER BY seq", (instance_id,))
        return [ev.from_row(kind, text) for kind, text in rows]


def _replay_s(events: Sequence[ev.Event]) -> float:
    """Seconds that the unchanged SDK takes for all steps of the chain whose history this is."""
    replay = df.Orchestrator.create(stories.chain)
    payloads = [JsonDialect().payload(step) for step in _steps(events)]
    return _median_s(lambda: [replay(payload) for payload in payloads], times=50)


def _steps(events: Sequence[ev.Event]) -> Iterable[Step]:
    for begin, event in enumerate(events):
        if isinstance(event, ev.StepStarted):
            inbound = takewhile(lambda one: isinstance(one, ev.Inbound), events[begin + 1 :])
            yield Step("alone-0", None, None, events[:begin], [event, *inbound])


def _commit_s(folder: Path) -> float:
    """Seconds for one transaction with one row of the size of a small event, on a file like the store's."""
    with closing(sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, fields TEXT)")

        def commit() -> None:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO rows (fields) VALUES (?)", ("x" * 150,))
            db.execute("COMMIT")

        return _median_s(commit, times=500)


def _median_s(work: Callable[[], object], *, times: int) -> float:
    def once() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return statistics.median(once() for _ in range(times))
