"""Queue functions on a real Azurite (functions-host-measured.md, 11, and trace queue-trigger-deliveries)."""

import asyncio
import base64
import json
import shutil
import sys
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueServiceClient

from local.functions_host.host_settings import QueueSettings
from local.functions_host.in_process import InProcessInvoker
from local.functions_host.invoker import AppError, Function
from local.functions_host.queue_triggers import QueueTriggers
from tests.integration.conftest import Azurite
from tests.integration.functions_host.running_host import RunningHost, wait_for
from tests.integration.functions_host.test_command_line import refused

APP = Path(__file__).parent / "queue_app"
QUEUES = ("messages", "texts", "naps")
LEASE = timedelta(minutes=10)


class Hosted:
    """A host with queue functions, and the queues they listen to."""

    def __init__(self, host: RunningHost, azurite: Azurite) -> None:
        self.host = host
        self.own = uuid.uuid4().hex[:8]
        self._service = QueueServiceClient.from_connection_string(azurite.connection_string)
        names = {f"QUEUE_{name.upper()}": f"{name}-{self.own}" for name in QUEUES}
        host.settings = {"AzureWebJobsStorage": azurite.connection_string, **names}
        for name in QUEUES:
            self.queue(name).create_queue()

    def queue(self, name: str) -> QueueClient:
        """One of the queues; of messages, also its ``-poison``."""
        first, _, rest = name.partition("-")
        return self._service.get_queue_client(f"{first}-{self.own}{'-' if rest else ''}{rest}")

    def send(self, name: str, body: str) -> str:
        """Send a message as the host expects it by default; gives its id."""
        return self.queue(name).send_message(base64.b64encode(body.encode()).decode()).id

    def told(self, function: str) -> list[dict[str, Any]]:
        """What a function was given, run by run."""
        return [json.loads(line.partition(" ")[2]) for line in self.host.notes(f"{function} ")]

    def poison(self) -> list[str]:
        """The raw texts of dead messages; none where the queue was never made."""
        try:
            return [message.content for message in self.queue("messages-poison").peek_messages(32)]
        except ResourceNotFoundError:
            return []

    def left(self, name: str) -> int:
        """How many messages a queue holds, invisible ones too."""
        return self.queue(name).get_queue_properties().approximate_message_count or 0


HostedAs = Callable[..., Hosted]


@pytest.fixture
def hosted(tmp_path: Path, azurite: Azurite) -> Iterator[HostedAs]:
    """Prepares a host whose host.json has these settings for queues; the test starts it."""
    running: list[RunningHost] = []

    def prepare(**settings: object) -> Hosted:
        app = shutil.copytree(APP, tmp_path / "app")
        queues = {"maxPollingInterval": "00:00:00.200", **settings}
        (app / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"queues": queues}}))
        running.append(RunningHost(tmp_path / "state", app=app))
        return Hosted(running[0], azurite)

    yield prepare
    for host in running:
        if host.process is not None and host.process.poll() is None:
            host.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, azurite: Azurite) -> Iterator[Hosted]:
    """One host with the platform's defaults, for tests that do not stop it."""
    ready = Hosted(RunningHost(tmp_path_factory.mktemp("queues") / "state", app=APP), azurite)
    ready.host.start()
    yield ready
    ready.host.stop()


def test_message_arrives_decoded_with_what_is_known_of_it(shared: Hosted) -> None:
    """Base64 by default; id, first delivery, times, a receipt; invisible for ten minutes; gone afterwards."""
    sent = shared.send("messages", "b64 ok ä")
    (given,) = wait_for(lambda: [seen for seen in shared.told("takes_message") if seen["id"] == sent], "the message")
    assert (given["body"], given["dequeue_count"], given["has_receipt"]) == ("b64 ok ä", 1, True)
    inserted, expires, next_visible = (
        datetime.fromisoformat(given[key]) for key in ("inserted", "expires", "next_visible")
    )
    assert expires - inserted == timedelta(days=7)
    assert LEASE <= next_visible - inserted < 2 * LEASE
    wait_for(lambda: shared.left("messages") == 0, "the deletion")


def test_parameter_annotated_str_gets_the_text(shared: Hosted) -> None:
    """JSON is not parsed for it."""
    shared.send("texts", '{"a":1}')
    assert wait_for(lambda: shared.told("takes_text"), "the message") == [{"kind": "str", "value": '{"a":1}'}]


def test_dead_messages_end_in_the_poison_queue(shared: Hosted) -> None:
    """A failing function is tried five times at once, then its message is moved as it came; one that is not base64 is
    moved without the function ever seeing it.
    """
    failing = shared.send("messages", "fail2 b64")
    shared.queue("messages").send_message("plain2 hello")
    wait_for(lambda: len(shared.poison()) == 2, "the poison queue")
    assert set(shared.poison()) == {"plain2 hello", "ZmFpbDIgYjY0"}
    deliveries = [seen for seen in shared.told("takes_message") if seen["id"] == failing]
    assert [seen["dequeue_count"] for seen in deliveries] == [1, 2, 3, 4, 5]
    assert not [seen for seen in shared.told("takes_message") if "plain2" in seen["body"]]
    assert shared.left("messages") == 0


def test_requests_for_messages_are_not_logged(shared: Hosted) -> None:
    """A host that looks at its queues several times a second must not drown its log in that."""
    shared.send("texts", "anything")
    wait_for(lambda: shared.told("takes_text"), "a message")
    assert "Request URL" not in shared.host.log()


def test_tool_runs_a_queue_function(shared: Hosted) -> None:
    """POST /admin/functions/NAME gives the function its input as the message."""
    headers = {"x-functions-key": shared.host.key("master")}
    answer = shared.host.call("POST", "/admin/functions/takes_message", json={"input": "by hand"}, headers=headers)
    assert answer.status_code == 202
    (given,) = wait_for(lambda: [seen for seen in shared.told("takes_message") if seen["body"] == "by hand"], "the run")
    assert (given["id"], given["dequeue_count"]) == (None, None)


def test_settings_of_host_json_are_heeded(hosted: HostedAs) -> None:
    """Encoding none: the text as it is; maxDequeueCount tries; a failed message is invisible for visibilityTimeout."""
    own = hosted(messageEncoding="none", maxDequeueCount=2, visibilityTimeout="00:00:01")
    own.queue("messages").send_message("fail, no base64")
    own.host.start()
    wait_for(own.poison, "the poison queue")
    assert own.poison() == ["fail, no base64"]
    first, second = own.told("takes_message")
    assert (first["dequeue_count"], second["dequeue_count"]) == (1, 2)
    apart = datetime.fromisoformat(second["next_visible"]) - datetime.fromisoformat(first["next_visible"])
    assert apart >= timedelta(seconds=1)


def test_batch_of_one_runs_one_at_a_time(hosted: HostedAs) -> None:
    """With batchSize 1 (and so newBatchThreshold 0) no message begins before another has ended."""
    own = hosted(batchSize=1)
    for _ in range(3):
        own.send("naps", "0.1")
    own.host.start()
    wait_for(lambda: len(own.host.notes("ends")) == 3, "three messages")
    lines = [line.split()[0] for line in own.host.notes("")]
    assert lines == ["begins", "ends"] * 3


def test_stop_gives_back_what_does_not_end(hosted: HostedAs) -> None:
    """A message whose function still runs when the host stops is visible at once, not when its ten minutes are over."""
    own = hosted()
    own.host.start()
    sent = own.send("naps", "600")
    wait_for(lambda: own.host.notes("begins"), "the nap")
    assert own.host.stop() == 0
    back = own.queue("naps").receive_message()
    assert back is not None
    assert (back.id, back.dequeue_count) == (sent, 2)


def test_message_whose_last_try_died_is_not_delivered_again(hosted: HostedAs) -> None:
    """One that was received more often than maxDequeueCount, by hosts that died, goes straight to the poison queue."""
    own = hosted(maxDequeueCount=1)
    own.send("messages", "killer")
    taken = own.queue("messages").receive_message()
    assert taken is not None
    own.queue("messages").update_message(taken, visibility_timeout=0)
    own.host.start()
    wait_for(own.poison, "the poison queue")
    assert own.told("takes_message") == []


async def test_lease_of_a_long_run_is_renewed(
    tmp_path: Path, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function may run longer than its message is invisible: nobody else gets it meanwhile, and it is deleted."""
    hosted = Hosted(RunningHost(tmp_path), azurite)
    for name, value in {**hosted.host.settings, "SAMPLE_NOTES": str(tmp_path / "notes")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", "app_with_lease.py")
    monkeypatch.setattr(sys, "path", [*sys.path])
    shutil.copyfile(APP / "function_app.py", tmp_path / "app_with_lease.py")
    hosted.send("naps", "4")
    invoker = InProcessInvoker(tmp_path, time_limit_s=None, time_limit_text="-1")
    functions = [function for function in invoker.load() if function.name == "naps"]
    triggers = QueueTriggers(invoker, functions, QueueSettings(), durable_client="", lease_s=3)
    listening = asyncio.create_task(triggers.work())
    await asyncio.to_thread(wait_for, lambda: hosted.host.notes("ends"), "the end of the nap")
    await asyncio.to_thread(wait_for, lambda: hosted.left("naps") == 0, "the deletion")
    assert len(hosted.host.notes("begins")) == 1
    await triggers.drain(0)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    invoker.close()


def test_connection_that_is_not_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Function and setting are named in one line."""
    for name in QUEUES:
        monkeypatch.setenv(f"QUEUE_{name.upper()}", name)
    monkeypatch.delenv("AzureWebJobsStorage", raising=False)
    told = refused(APP, tmp_path / "state")
    assert (
        "Function 'takes_message' cannot be loaded: its connection names the app setting 'AzureWebJobsStorage'" in told
    )


def test_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the storage SDK a queue function is refused, and function and package are named."""
    monkeypatch.setitem(sys.modules, "azure.storage.queue.aio", None)
    takes = Function("takes", "queueTrigger", {"queueName": "any"}, [], "function_app.py")
    invoker = InProcessInvoker(tmp_path, time_limit_s=None, time_limit_text="-1")
    with pytest.raises(AppError, match=r"'takes' cannot be loaded: .* package azure-storage-queue"):
        QueueTriggers(invoker, [takes], QueueSettings(), durable_client="")
    invoker.close()


@contextmanager
def fake_busy_storage() -> Generator[tuple[str, list[str]]]:
    """A queue service that answers 503 to everything: its connection string, and the paths it was asked for."""
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path.partition("?")[0])
            body = b"<?xml version='1.0'?><Error><Code>ServerBusy</Code><Message>Busy.\nCome again.</Message></Error>"
            self.send_response(503)
            self.send_header("content-type", "application/xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}/any"
    yield f"AccountName=any;AccountKey=YW55;QueueEndpoint={endpoint};", asked
    server.shutdown()
    server.server_close()


def test_why_a_queue_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    """One line a queue, at its first failed look and not again however often the host looks."""
    with fake_busy_storage() as (connection, asked):
        names = {f"QUEUE_{name.upper()}": name for name in QUEUES}
        host = RunningHost(tmp_path / "state", app=APP, settings={"AzureWebJobsStorage": connection, **names}).start()
        wait_for(lambda: all(asked.count(f"/any/{name}/messages") >= 3 for name in QUEUES), "three looks at each queue")
        host.kill()
    told = [line for line in host.log().splitlines() if "cannot be read" in line]
    assert sorted(line.partition(": queue ")[2] for line in told) == [
        f"{name} cannot be read: Busy." for name in sorted(QUEUES)
    ]
    assert "Come again." not in host.log()
