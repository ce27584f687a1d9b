"""Faults as a client meets them: on both dialects, by tag and by admin API, down to what happens on the socket."""

from __future__ import annotations

import json
import socket
import struct
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.azure_openai.config import WELL_KNOWN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.azure_openai.conftest import MakeResource, Process, Resource

HEADERS = {"api-key": WELL_KNOWN_KEY}
JOBS, VIDEOS = "/openai/v1/video/generations/jobs?api-version=preview", "/openai/v1/videos"
BODIES = {
    JOBS: {"model": "sora", "width": 480, "height": 480, "n_seconds": 1},
    VIDEOS: {"model": "sora-2", "seconds": "4"},
}
both = pytest.mark.parametrize("route", [JOBS, VIDEOS])


def one(route: str, identity: str) -> str:
    """The URL of a render."""
    path, _, query = route.partition("?")
    return f"{path}/{identity}?{query}"


async def made(resource: Resource, route: str, prompt: str = "a fox") -> httpx.Response:
    """Create a render."""
    return await resource.client.post(route, json={**BODIES[route], "prompt": prompt})


async def let(resource: Resource, **fault: Any) -> str:
    """Add a fault; its id."""
    reply = await resource.client.post("/_emulator/faults", json=fault)
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


async def listed(resource: Resource, route: str) -> list[str]:
    """The ids of a listing."""
    return [render["id"] for render in (await resource.client.get(route)).json()["data"]]


@both
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 410, 429, 500, 502, 503])
async def test_answer_takes_the_place_of_a_create(resource: Resource, route: str, status: int) -> None:
    """A scripted status has the service's envelope, happens once, and nothing was made."""
    refused = await made(resource, route, f"[create:{status}]")
    assert refused.status_code == status
    assert refused.json()["error"]["message"]
    assert await listed(resource, route) == []
    assert (await made(resource, route, f"[create:{status}]")).status_code == 200


@both
async def test_answer_can_come_after_the_create(resource: Resource, route: str) -> None:
    """A 5xx with `arrives` hides a render that was made."""
    assert (await made(resource, route, "[create:503,arrives=true]")).status_code == 503
    assert len(await listed(resource, route)) == 1


@both
@pytest.mark.parametrize(
    ("form", "header", "value"),
    [
        ("seconds", "retry-after", "7"),
        ("ms", "retry-after-ms", "7000"),
        ("x_ms", "x-ms-retry-after-ms", "7000"),
        ("date", "retry-after", None),
        (None, None, None),
    ],
)
async def test_429_says_when_to_come_back_in_every_form(
    resource: Resource, route: str, form: str | None, header: str | None, value: str | None
) -> None:
    """Seconds, a date by the emulator's clock, either header of milliseconds, or nothing."""
    asked = f",retry_after_s=7,retry_after={form}" if form else ""
    refused = await made(resource, route, f"[create:429{asked},should_retry=false]")
    given = {name for name in refused.headers if "retry-after" in name}
    assert given == ({header} if header else set())
    assert refused.headers["x-should-retry"] == "false"
    if form == "date":
        sent, again = (parsedate_to_datetime(refused.headers[name]) for name in ("date", "retry-after"))
        assert (again - sent).total_seconds() == 7
    elif header:
        assert refused.headers[header] == value


@both
@pytest.mark.parametrize(("body", "text"), [("html", "<!doctype html>"), ("empty", ""), ("unwrapped", '{"code":"502"')])
async def test_answer_has_the_body_it_is_told(resource: Resource, route: str, body: str, text: str) -> None:
    """A page, nothing, or the unwrapped error of the jobs API (H 25)."""
    refused = await made(resource, route, f"[create:502,body={body}]")
    assert refused.text.startswith(text)
    assert bool(refused.text) is bool(text)


@both
async def test_render_can_be_missing_now_and_then(resource: Resource, route: str) -> None:
    """404 for some looks only, while the list still shows it."""
    identity = (await made(resource, route, "[status:404,skip=1,times=2]")).json()["id"]
    looks = [(await resource.client.get(one(route, identity))).status_code for _ in range(4)]
    assert looks == [200, 404, 404, 200]
    assert await listed(resource, route) == [identity]


@both
async def test_render_can_vanish(resource: Resource, route: str) -> None:
    """After a while status and list do not know it, and the ledger still says that it is billed."""
    identity = (await made(resource, route, "[create:vanish,seconds=20]")).json()["id"]
    resource.clock.advance(19)
    assert (await resource.client.get(one(route, identity))).status_code == 200
    resource.clock.advance(1)
    assert (await resource.client.get(one(route, identity))).status_code == 404
    assert await listed(resource, route) == []
    ledger = (await resource.client.get("/_emulator/ledger")).json()
    assert [(render["id"], render["billed"]) for render in ledger["renders"]] == [(identity, True)]


@both
async def test_render_can_vanish_from_a_look_on(resource: Resource, route: str) -> None:
    """By admin API a render that is there already can be made to go."""
    identity = (await made(resource, route)).json()["id"]
    await let(resource, call="status", effect="vanish", render=identity, skip=1)
    looks = [(await resource.client.get(one(route, identity))).status_code for _ in range(3)]
    assert looks == [200, 200, 404]


@both
async def test_render_can_expire_early(resource: Resource, route: str) -> None:
    """It says until when it is kept, and is gone then."""
    identity = (await made(resource, route, "[create:expire,seconds=30]")).json()["id"]
    resource.clock.advance(10)
    shown = (await resource.client.get(one(route, identity))).json()
    assert shown["expires_at"] == shown["created_at"] + 30
    resource.clock.advance(20)
    assert (await resource.client.get(one(route, identity))).status_code == 404


@both
async def test_state_can_be_one_that_nobody_knows(resource: Resource, route: str) -> None:
    """A look and a list can show a word that no contract has."""
    identity = (await made(resource, route, "[status:state,word=dreaming]")).json()["id"]
    await let(resource, call="list", effect="state")
    states = [(await resource.client.get(one(route, identity))).json()["status"] for _ in range(2)]
    assert states == ["dreaming", "queued"]
    assert (await resource.client.get(route)).json()["data"][0]["status"] == "under_review"


async def test_progress_can_stick_and_jump(resource: Resource) -> None:
    """A stuck one says the same until its end; a jumping one goes to and fro, alike for the same seed."""

    async def seen(prompt: str) -> list[int]:
        identity = (await made(resource, VIDEOS, prompt)).json()["id"]
        shown: list[int] = []
        for _ in range(9):
            shown.append((await resource.client.get(one(VIDEOS, identity))).json()["progress"])
            resource.clock.advance(1)
        return shown

    assert await seen("[status:progress,progress=40,times=all]") == [40] * 8 + [100]
    jumping = await seen("[status:progress,times=all,seed=4]")
    assert jumping[:-1] != sorted(jumping[:-1])
    assert await seen("[status:progress,times=all,seed=4] again") == jumping


@both
async def test_reply_can_ask_for_patience(resource: Resource, route: str) -> None:
    """`openai-poll-after-ms` (H 23)."""
    identity = (await made(resource, route, "[status:hint,seconds=2.5]")).json()["id"]
    assert (await resource.client.get(one(route, identity))).headers["openai-poll-after-ms"] == "2500"


async def content_path(resource: Resource, route: str, prompt: str) -> str:
    """Where the film of a new, finished render is."""
    done = await resource.finished(await made(resource, route, prompt))
    if route == VIDEOS:
        return f"{VIDEOS}/{done['id']}/content"
    return f"/openai/v1/video/generations/{done['generations'][0]['id']}/content/video?api-version=preview"


@both
async def test_content_can_be_wrong_in_every_way(resource: Resource, route: str) -> None:
    """Missing once, a page with 200, half of it, nothing at all; then it is right."""
    tags = "[content:404] [content:html] [content:short] [content:short,bytes=0]"
    path = await content_path(resource, route, tags)
    got = [await resource.client.get(path) for _ in range(5)]
    lengths = [int(reply.headers["content-length"]) for reply in got]
    assert [reply.status_code for reply in got] == [404, 200, 200, 200, 200]
    assert got[1].headers["content-type"].startswith("text/html")
    assert lengths[2:] == [500, 0, 1000]
    assert [len(reply.content) for reply in got] == lengths


@both
async def test_range_can_be_ignored(resource: Resource, route: str) -> None:
    """A part is asked for, and everything comes with 200."""
    path = await content_path(resource, route, "[content:ignore_range]")
    got = [await resource.client.get(path, headers={"range": "bytes=100-199"}) for _ in range(2)]
    assert [(reply.status_code, len(reply.content)) for reply in got] == [(200, 1000), (206, 100)]


@both
@pytest.mark.parametrize("status", [404, 410])
async def test_deployment_can_be_retired(resource: Resource, route: str, status: int) -> None:
    """By admin API every create of a deployment is answered 410, or 404, until the fault is taken away."""
    name = BODIES[route]["model"]
    identity = await let(resource, call="create", effect="answer", status=status, deployment=name, times=None)
    assert [(await made(resource, route)).status_code for _ in range(3)] == [status] * 3
    assert (await resource.client.delete(f"/_emulator/faults/{identity}")).status_code == 204
    assert (await made(resource, route)).status_code == 200


@both
async def test_deployment_can_warm_up(resource: Resource, route: str) -> None:
    """For a while it does not exist, and the answer suggests to wait."""
    await let(resource, call="create", effect="answer", status=404, times=None, for_s=60)
    refused = await made(resource, route)
    assert (refused.status_code, refused.json()["error"]["type"]) == (404, "video_generation_user_error")
    resource.clock.advance(60)
    assert (await made(resource, route)).status_code == 200


@both
async def test_key_can_be_rotated(resource: Resource, route: str) -> None:
    """The old key is 401 from then on, the new one is taken."""
    assert (await resource.client.put("/_emulator/key", json={"key": "new"})).status_code == 204
    assert (await made(resource, route)).status_code == 401
    resource.client.headers["api-key"] = "new"
    assert (await made(resource, route)).status_code == 200


@both
async def test_another_client_has_renders_on_the_same_resource(make_resource: MakeResource, route: str) -> None:
    """They are listed, take up the cap, and stand as foreign in the ledger."""
    resource = await make_resource(max_in_flight=1)
    reply = await resource.client.post("/_emulator/renders", json={**BODIES[route], "prompt": "a fox"})
    assert reply.status_code == 201
    assert await listed(resource, route) == [reply.json()["id"]]
    assert (await made(resource, route)).status_code == 429
    [render] = (await resource.client.get("/_emulator/ledger")).json()["renders"]
    assert render["is_foreign"] is True


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"effect": "explode"}, "effect"),
        ({"effect": "lost", "probability": 2}, "probability"),
        ({"effect": "lost", "colour": "red"}, "colour"),
        ({"effect": "state", "call": "create"}, ""),
    ],
)
async def test_fault_that_cannot_be_is_400(resource: Resource, fault: dict[str, Any], named: str) -> None:
    """The answer names the field; nothing stands afterwards."""
    reply = await resource.client.post("/_emulator/faults", json=fault)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, named)
    assert (await resource.client.get("/_emulator/faults")).json()["faults"] == []


async def test_admin_api_shows_what_stands_and_how_often_it_struck(resource: Resource) -> None:
    """Only what was said of a fault, and its counts; an unknown id is 404."""
    identity = await let(resource, call="list", effect="answer", times=2, skip=1)
    for _ in range(2):
        await resource.client.get(VIDEOS)
    [shown] = (await resource.client.get("/_emulator/faults")).json()["faults"]
    met = shown.pop("met")
    assert shown == {"id": identity, "call": "list", "effect": "answer", "times": 2, "skip": 1}
    assert (met["seen"], met["struck"]) == (2, 1)
    assert (await resource.client.delete("/_emulator/faults/9")).status_code == 404


def exchange(process: Process, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
    """Send one request over a socket of its own and return every byte until its end. Raises on a reset."""
    address = urlsplit(process.url)
    content = json.dumps(body).encode() if body else b""
    head = f"{method} {path} HTTP/1.1\r\nhost: emulator\r\napi-key: {WELL_KNOWN_KEY}\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 20, 0))
        wire.sendall(head.encode() + content)
        received = b""
        while part := wire.recv(65_536):
            received += part
    return received


def bought(process: Process, prompt: str) -> list[dict[str, Any]]:
    """The renders of a prompt."""
    return [render for render in process.ledger()["renders"] if render["prompt"] == prompt]


@both
def test_reset_happens_on_the_socket_before_the_request_arrives(shared_process: Process, route: str) -> None:
    """The connection is reset and nothing is made."""
    prompt = f"[create:reset] {route}"
    with pytest.raises(ConnectionResetError):
        exchange(shared_process, "POST", route, {**BODIES[route], "prompt": prompt})
    assert bought(shared_process, prompt) == []


@both
def test_lost_reply_is_not_one_byte_and_the_render_is_made(shared_process: Process, route: str) -> None:
    """The connection ends without an answer, and the ledger has the render."""
    prompt = f"[create:lost] {route}"
    assert exchange(shared_process, "POST", route, {**BODIES[route], "prompt": prompt}) == b""
    assert len(bought(shared_process, prompt)) == 1


@both
def test_late_acceptance_shows_nothing_until_then(shared_process: Process, route: str) -> None:
    """The reply is lost at once; list and ledger have the render only after the time."""
    prompt, begun = f"[create:lost,seconds=1.5] {route}", time.time()
    assert exchange(shared_process, "POST", route, {**BODIES[route], "prompt": prompt}) == b""
    assert bought(shared_process, prompt) == []
    shared_process.wait("the late acceptance", lambda: bool(bought(shared_process, prompt)))
    assert bought(shared_process, prompt)[0]["created_at"] >= begun + 1.5


@both
def test_slow_call_is_answered_after_its_time(shared_process: Process, route: str) -> None:
    """A client that does not wait so long times out, and the render is made all the same."""
    prompt = f"[create:slow,seconds=0.6] {route}"
    body = {**BODIES[route], "prompt": prompt}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(shared_process.url + route, json=body, headers=HEADERS, timeout=0.3)
    shared_process.wait("the slow create", lambda: bool(bought(shared_process, prompt)))


def film_path(process: Process, prompt: str) -> str:
    """Where the film of a new, finished job is."""
    body = {**BODIES[JOBS], "prompt": prompt}
    identity = httpx.post(process.url + JOBS, json=body, headers=HEADERS).json()["id"]
    url = process.url + one(JOBS, identity)
    process.wait("the job", lambda: httpx.get(url, headers=HEADERS).json()["status"] == "succeeded")
    generation = httpx.get(url, headers=HEADERS).json()["generations"][0]["id"]
    return f"/openai/v1/video/generations/{generation}/content/video?api-version=preview"


def test_cut_content_ends_before_its_promised_length(shared_process: Process) -> None:
    """The header promises all of it, the connection ends after the bytes asked for, and httpx says so."""
    path = film_path(shared_process, "[content:cut,bytes=1234,times=2]")
    head, _, body = exchange(shared_process, "GET", path).partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
    assert (len(body), length > 1234) == (1234, True)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        httpx.get(shared_process.url + path, headers=HEADERS)
    assert len(httpx.get(shared_process.url + path, headers=HEADERS).content) == length


def test_faults_key_and_late_renders_survive_a_kill(start_process: Callable[..., Process], tmp_path: Path) -> None:
    """A killed emulator goes on in the middle of a script, with the rotated key and what was still to be accepted."""
    process = start_process(tmp_path)
    admin = f"{process.url}/_emulator"
    httpx.post(f"{admin}/faults", json={"call": "list", "effect": "answer", "status": 502, "times": 2})
    assert httpx.get(process.url + JOBS, headers=HEADERS).status_code == 502
    late = {**BODIES[JOBS], "prompt": "[create:lost,seconds=3]"}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(process.url + JOBS, json=late, headers=HEADERS)
    assert httpx.put(f"{admin}/key", json={"key": "new"}).status_code == 204
    process.popen.kill()
    process.popen.wait()

    again = start_process(tmp_path)
    statuses = [httpx.get(again.url + JOBS, headers={"api-key": "new"}).status_code for _ in range(2)]
    assert statuses == [502, 200]
    assert httpx.get(again.url + JOBS, headers=HEADERS).status_code == 401
    again.wait("the late acceptance", lambda: bool(again.ledger()["renders"]))


async def test_page_offers_what_a_fault_can_be(resource: Resource) -> None:
    """The form's choices come from the schema, whose effects and calls are named there."""
    page = (await resource.client.get("/_emulator")).text
    schema = (await resource.client.get("/_emulator/faults")).json()["schema"]
    assert 'id="fault-form"' in page
    assert {"lost", "vanish"} <= set(schema["$defs"]["Effect"]["enum"])
    assert "create" in schema["$defs"]["Call"]["enum"]
