"""Real programs, started, kept and stopped."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local.stack.child import Child
from local.stack.parts import CHECKOUT, Part
from local.stack.supervisor import StartError, Supervisor

WITHIN_S = 30

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *_): pass
print("about to serve", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PARENT_OF_TWO = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
LEASHED = """
import asyncio, os, sys
from pathlib import Path
from local.stack.child import Child
async def main():
    sleeper = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
    child = await Child.start(sleeper, environment=os.environ, cwd=Path.cwd(), log=Path(sys.argv[1]))
    await child.ended()
asyncio.run(main())
"""


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def part(program: str, *arguments: str, port: int, start_within_s: float = WITHIN_S) -> Part:
    """A part that is this program."""
    return Part(
        name="thing",
        command=(sys.executable, "-c", program, *arguments),
        environment=os.environ,
        ready_urls=(f"http://127.0.0.1:{port}/",),
        needs_ok=True,
        start_within_s=start_within_s,
    )


def server(*, answers: int = 200, start_within_s: float = WITHIN_S) -> Part:
    """A part that answers every request with that status."""
    port = free_port()
    return part(SERVER, str(port), str(answers), port=port, start_within_s=start_within_s)


@asynccontextmanager
async def supervised(what: Part, folder: Path, said: list[str]) -> AsyncGenerator[Supervisor]:
    """A supervisor that leaves nothing behind, whatever the test does."""
    supervisor = Supervisor(what, folder / "thing.log", said.append)
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def test_start_waits_until_the_part_answers(tmp_path: Path) -> None:
    """A part is started when its address answers, and what it prints is in its log."""
    async with supervised(server(), tmp_path, []) as supervisor:
        await supervisor.start()
        assert supervisor.pid
        assert is_alive(supervisor.pid)
        assert (tmp_path / "thing.log").read_text() == "about to serve\n"


async def test_start_tells_the_last_words_of_a_part_that_died(tmp_path: Path) -> None:
    """A part that ends instead of answering is reported with its exit code and the end of its log."""
    dying = part("import sys; print('no such luck'); sys.exit(7)", port=free_port())
    async with supervised(dying, tmp_path, []) as supervisor:
        with pytest.raises(StartError, match=r"(?s)exit code 7.*no such luck"):
            await supervisor.start()


async def test_start_gives_up_on_a_part_that_never_answers_well(tmp_path: Path) -> None:
    """A part that answers with errors only is stopped at its deadline, and its log is shown."""
    async with supervised(server(answers=503, start_within_s=3), tmp_path, []) as supervisor:
        with pytest.raises(StartError, match=r"(?s)did not answer within 3 s.*about to serve"):
            await supervisor.start()
        assert supervisor.pid is None


async def test_keep_starts_a_part_that_was_killed_again(tmp_path: Path) -> None:
    """A part that dies is started again on the same port, and each step of it is told."""
    said: list[str] = []
    changes: list[int | None] = []
    async with supervised(server(), tmp_path, said) as supervisor:
        await supervisor.start()
        first = supervisor.pid
        assert first
        keeper = asyncio.create_task(supervisor.keep(lambda: changes.append(supervisor.pid)))
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: said[-1:] == ["thing answers again"])
        keeper.cancel()
        assert changes == [supervisor.pid]
        assert supervisor.pid not in {first, None}
    assert "killed by SIGKILL" in said[0]
    assert "starting it again now" in said[0]


async def test_stop_ends_what_the_program_started_too(tmp_path: Path) -> None:
    """Stopping a part leaves none of its own children behind."""
    log = tmp_path / "log"
    child = await Child.start((sys.executable, "-c", PARENT_OF_TWO), environment=os.environ, cwd=tmp_path, log=log)
    await eventually(lambda: log.read_text().endswith("\n"))
    grandchild = int(log.read_text())
    assert is_alive(grandchild)
    await child.stop()
    await eventually(lambda: not is_alive(grandchild))
    assert not is_alive(child.pid)


async def test_stop_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ignores SIGTERM is killed."""
    monkeypatch.setattr("local.stack.child.STOP_WITHIN_S", 0.2)
    log = tmp_path / "log"
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    child = await Child.start((sys.executable, "-c", deaf), environment=os.environ, cwd=tmp_path, log=log)
    await eventually(lambda: log.read_text() == "deaf\n")
    await child.stop()
    assert not is_alive(child.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
async def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """A supervisor that is killed with SIGKILL takes its parts with it, long after they have started."""
    log = tmp_path / "log"
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", LEASHED, str(log), cwd=CHECKOUT)
    await eventually(lambda: log.exists() and log.read_text().endswith("\n"))
    pid = int(log.read_text())
    assert is_alive(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not is_alive(pid))
