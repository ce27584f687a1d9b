"""HTTP functions as the real host serves them (functions-host-measured.md, 10)."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.functions_host.running_host import RunningHost, wait_for

GUID = "0b6ef9a1-7a67-4a3c-9f65-9f2b62b1a111"


def body(host: RunningHost, path: str) -> object:
    """The JSON answer of an anonymous function."""
    answer = host.call("GET", path)
    assert answer.status_code == 200, answer
    return answer.json()


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/echo/5/x", {"number": "5", "rest": "x"}),
        ("/api/echo/5", {"number": "5"}),
        ("/API/Echo/5/", {"number": "5"}),
        ("/api/echo/5/a%20b%2Fc", {"number": "5", "rest": "a b%2Fc"}),
    ],
)
def test_route_parameters_are_those_of_the_template(host: RunningHost, path: str, parameters: dict[str, str]) -> None:
    """Absent optional parameters are missing, an escaped slash stays escaped, case and one last slash do not matter."""
    seen = body(host, path)
    assert isinstance(seen, dict)
    assert seen["route_params"] == parameters


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/anything", {}),
        ("/api/anything/a/b", {"rest": "a/b"}),
    ],
)
def test_catch_all_takes_the_rest(host: RunningHost, path: str, expected: dict[str, str]) -> None:
    """A catch-all parameter takes every segment left, and is missing when there is none."""
    seen = body(host, path)
    assert isinstance(seen, dict)
    assert seen["route_params"] == expected


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/page", 200),
        ("/api/page/9", 200),
        ("/api/page/10", 404),
        ("/api/echo/five", 404),
        ("/api/echo//5", 404),
        ("/api/word/abc", 200),
        ("/api/word/a1", 404),
        (f"/api/thing/{GUID}", 200),
        ("/api/thing/1", 404),
        ("/api/no_route", 200),
        ("/api/switched-off", 404),
        ("/api/admin/mine", 404),
        ("/api/nothing", 404),
        ("/elsewhere", 404),
    ],
)
def test_path_that_fits_no_template_is_404(host: RunningHost, path: str, status: int) -> None:
    """A violated constraint, a double slash, a disabled function, a reserved route or an unknown path: 404, empty."""
    answer = host.call("GET", path)
    assert answer.status_code == status
    assert answer.content if status == 200 else not answer.content


def test_default_of_a_parameter_is_present(host: RunningHost) -> None:
    """A parameter with a default has it when the path has none."""
    assert body(host, "/api/page") == {"size": "5"}


def test_first_function_by_name_wins(host: RunningHost) -> None:
    """Templates are tried in alphabetical order of function names; a literal does not beat a parameter."""
    assert host.call("GET", "/api/order/literal").text == "parameter"


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_verb_that_is_not_listed_is_404(host: RunningHost, method: str) -> None:
    """The verb is a route constraint, so another one is an unknown path."""
    assert host.call(method, "/api/order/1").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "OPTIONS", "FOO"])
def test_function_without_methods_takes_every_verb(host: RunningHost, method: str) -> None:
    """No list of methods means all of them, made-up ones too."""
    assert host.call(method, "/api/anything").json()["method"] == method


def test_request_reaches_the_function_as_sent(host: RunningHost) -> None:
    """Repeated query parameters are joined, empty ones dropped; header names are lower-case; the URL is complete."""
    path = "/api/echo/1?q=1&q=2&empty=&u=%C3%A4"
    seen = host.call("POST", path, content=b"12345", headers={"X-Mixed": "y"}).json()
    assert seen["params"] == {"q": "1,2", "u": "ä"}
    assert seen["url"] == f"{host.base}{path}"
    assert seen["headers"]["x-mixed"] == "y"
    assert (seen["method"], seen["bytes"]) == ("POST", 5)


def test_answer_reaches_the_client_as_given(host: RunningHost) -> None:
    """Own headers pass; a cookie is written again with domain and path; the body is chunked."""
    answer = host.call("GET", "/api/echo/1")
    assert answer.headers["x-own"] == "1"
    assert answer.headers["set-cookie"] == "session=abc; domain=; path=/"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["none", "dict", "raise", "exit"])
def test_failed_function_is_an_empty_500(host: RunningHost, kind: str) -> None:
    """An exception, None, a wrong type or an attempt to end the process: 500 without a body or content type."""
    answer = host.call("GET", f"/api/returns/{kind}")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "content-type" not in answer.headers


def test_exception_of_a_function_is_in_the_log(host: RunningHost) -> None:
    """The client learns nothing of an exception, the log everything."""
    host.call("GET", "/api/returns/raise")
    assert "ValueError: on purpose" in host.log()


def test_kinds_of_answers(host: RunningHost) -> None:
    """A str is plain text, bytes are bytes, 204 and a function's own 404 are what they say."""
    text = host.call("GET", "/api/returns/str")
    assert (text.text, text.headers["content-type"]) == ("plain", "text/plain; charset=utf-8")
    assert host.call("GET", "/api/returns/bytes").content == b"\x00\xff"
    assert host.call("GET", "/api/returns/empty").status_code == 204
    own = host.call("GET", "/api/returns/own")
    assert (own.status_code, own.text) == (404, "mine")


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/locked", None, 401),
        ("/api/locked", "wrong", 401),
        ("/api/locked", "durabletask_extension", 401),
        ("/api/locked", "function", 200),
        ("/api/locked", "master", 200),
        ("/api/operator", "function", 401),
        ("/api/operator", "master", 200),
        ("/api/echo/1", "wrong", 200),
    ],
)
def test_key_opens_its_levels(host: RunningHost, path: str, key: str | None, status: int) -> None:
    """Host key: functions; master key: everything; system key: no function; anonymous functions take any key."""
    value = host.key(key) if key in {"function", "master", "durabletask_extension"} else key
    for given in ({"params": {"code": value}}, {"headers": {"x-functions-key": value}}) if value else ({},):
        answer = host.call("GET", path, **given)
        assert answer.status_code == status
        assert "www-authenticate" not in answer.headers


def test_function_has_a_key_of_its_own(host: RunningHost) -> None:
    """The admin endpoint tells it; it opens its function alone, no other of the same level and no management."""
    master = {"x-functions-key": host.key("master")}
    told = host.call("GET", "/admin/functions/LOCKED/keys", headers=master).json()
    assert (told["keys"][0]["name"], told["links"]) == (
        "default",
        [{"rel": "self", "href": f"{host.base}/admin/functions/locked/keys"}],
    )
    own = {"code": told["keys"][0]["value"]}
    assert host.call("GET", "/api/locked", params=own).status_code == 200
    assert host.call("POST", "/api/start/chain", params=own).status_code == 401
    assert host.call("GET", "/api/operator", params=own).status_code == 401
    assert host.call("GET", "/admin/host/status", params=own).status_code == 401
    assert host.call("GET", "/runtime/webhooks/durabletask/instances", params=own).status_code == 401


def test_key_in_the_header_wins(host: RunningHost) -> None:
    """A wrong key in the header is not mended by a right one in the query."""
    answer = host.call("GET", "/api/locked", params={"code": host.key("function")}, headers={"x-functions-key": "no"})
    assert answer.status_code == 401


def test_body_over_the_limit_is_an_empty_500(host: RunningHost) -> None:
    """104,857,600 bytes pass; one more is 500 and a closed connection, not 413."""
    assert host.call("POST", "/api/echo/1", content=b"x" * 104_857_600).json()["bytes"] == 104_857_600
    with socket.create_connection(("127.0.0.1", int(host.base.rpartition(":")[2])), 20) as raw:
        raw.sendall(b"POST /api/echo/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 104857601\r\n\r\n")
        answer = raw.makefile("rb").read().lower()
    assert answer.startswith(b"http/1.1 500 ")
    assert b"connection: close" in answer


def test_settings_and_context_reach_the_function(host: RunningHost) -> None:
    """Values of local.settings.json are settings where the environment has none; functions run in the app's folder."""
    only_here = body(host, "/api/setting/SAMPLE_ONLY_HERE")
    both = body(host, "/api/setting/SAMPLE_BOTH")
    assert only_here == {"value": "from the file", "function": "setting", "cwd": str(host.app)}
    assert isinstance(both, dict)
    assert both["value"] == "from the environment"


def test_blocking_async_function_stalls_functions_but_not_the_host(host: RunningHost) -> None:
    """All async functions share one loop; the host's own endpoints do not."""
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(host.call, "GET", "/api/returns/block")
        asked = [pool.submit(host.call, "GET", path) for path in ("/api/returns/str", "/admin/host/ping")]
        assert asked[1].result().status_code == 200
        assert not blocked.done()
        assert asked[0].result().text == "plain"
        assert blocked.result().text == "blocked"


def test_admin_endpoints_ask_for_the_master_key(host: RunningHost) -> None:
    """Ping is open; the others are 401 with a challenge without a key, 403 with a function key."""
    ping = host.call("GET", "/admin/host/ping")
    assert (ping.status_code, ping.headers["cache-control"]) == (200, "no-store,no-cache")
    nobody = host.call("GET", "/admin/host/status")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert host.call("GET", "/admin/host/status", params={"code": host.key("function")}).status_code == 403
    master = {"headers": {"x-functions-key": host.key("master")}}
    assert host.call("GET", "/admin/host/status", **master).json()["state"] == "Running"
    assert (
        host.call("GET", "/admin/functions/ECHO", **master)
        .json()["invoke_url_template"]
        .endswith("/api/echo/{number:int}/{rest?}")
    )
    assert host.call("GET", "/admin/functions/unknown", **master).status_code == 404
    assert {"add_one", "echo", "chain"} <= {
        item["name"] for item in host.call("GET", "/admin/functions", **master).json()
    }


def test_starter_answers_with_management_links(host: RunningHost) -> None:
    """202 with Location and Retry-After 10; links in the measured order, on the host the client named."""
    answer = host.call(
        "POST", "/api/start/chain", params={"id": "linked"}, headers={"x-functions-key": host.key("function")}
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "10")
    links = json.loads(answer.text)
    assert list(links) == [
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "rewindPostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
    ]
    tail = f"taskHub=SampleHub&connection=Storage&code={host.key('durabletask_extension')}"
    base = f"{host.base}/runtime/webhooks/durabletask/instances/linked"
    assert links["statusQueryGetUri"] == answer.headers["location"] == f"{base}?{tail}"
    assert links["terminatePostUri"] == f"{base}/terminate?reason={{text}}&{tail}"
    host.final("linked")
    assert httpx.get(links["statusQueryGetUri"]).json()["output"] == 3


def test_function_runs_because_a_tool_asks(host: RunningHost) -> None:
    """POST /admin/functions/NAME runs a timer, and asks for a JSON body; what cannot be run by hand is refused."""
    master = {"headers": {"x-functions-key": host.key("master")}}
    assert host.call("POST", "/admin/functions/by_setting", **master).status_code == 415
    assert host.call("POST", "/admin/functions/by_setting", json={"input": ""}, **master).status_code == 202
    wait_for(lambda: host.notes("by_setting"), "the timer that the tool asked for")
    refused = host.call("POST", "/admin/functions/chain", json={"input": ""}, **master)
    assert (refused.status_code, "cannot be run by hand" in refused.text) == (400, True)
