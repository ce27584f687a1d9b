"""Starting, looking and changing from outside, by webhook and through the SDK (functions-host-measured.md, 3 and 5)."""

from datetime import UTC, datetime

import pytest

from tests.integration.functions_host.running_host import RunningHost

ONLY_JSON = "Only application/json request content is supported"
EXISTS = {"Message": "An Orchestration instance with the status Running already exists."}


@pytest.fixture(scope="module")
def running(host: RunningHost) -> str:
    """An instance that stays Running."""
    begun = host.begin("sleeper", 600)
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    return begun


@pytest.fixture(scope="module")
def completed(host: RunningHost) -> str:
    """An instance that has Completed."""
    return host.run("chain", 1)["instanceId"]


@pytest.mark.parametrize(
    ("body", "shown", "output"),
    [
        (b'{"a": 1}', {"a": 1}, ["dict", {"a": 1}]),
        (b'"{\\"a\\": 1}"', '{"a": 1}', ["dict", {"a": 1}]),
        (b"", None, ["NoneType", None]),
        (b"null", None, ["NoneType", None]),
    ],
)
def test_start_by_webhook(host: RunningHost, body: bytes, shown: object, output: object) -> None:
    """An object, a string of JSON, or nothing: 202 with links; the status shows the body."""
    answer = host.manage("POST", "/orchestrators/echo_input", content=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "10")
    status = host.final(answer.json()["id"])
    assert (status["input"], status["output"]) == (shown, output)


def test_start_by_webhook_without_case(host: RunningHost) -> None:
    """Path and function name are not case-sensitive; the status shows the name as typed."""
    answer = host.manage("POST", "/Orchestrators/CHAIN/in-capitals")
    assert answer.status_code == 202
    assert (host.final("in-capitals")["name"], host.status("in-capitals")["output"]) == ("CHAIN", 3)


def test_start_with_broken_json_is_400(host: RunningHost) -> None:
    """The message names the fault."""
    answer = host.manage("POST", "/orchestrators/chain", content=b"{bad")
    assert answer.status_code == 400
    assert list(answer.json()) == ["Message", "ExceptionMessage", "ExceptionType", "StackTrace"]
    assert answer.json()["Message"] == "Invalid JSON content"


def test_start_that_waits(host: RunningHost) -> None:
    """With a timeout the bare output, or 202 as usual when it is not done in time."""
    query = {"timeout": "10", "pollingInterval": "0.05"}
    answer = host.manage("POST", "/orchestrators/chain", params=query, json="1")
    assert (answer.status_code, answer.json()) == (200, 4)
    slow = host.manage("POST", "/orchestrators/sleeper", params=query | {"timeout": "0.1"}, json="600")
    assert slow.status_code == 202


def test_running_id_cannot_be_started(host: RunningHost, running: str) -> None:
    """409 by webhook, its text as an exception by SDK, an empty 500 through a starter that does not catch."""
    answer = host.manage("POST", f"/orchestrators/chain/{running}")
    assert (answer.status_code, answer.json()) == (409, EXISTS)
    assert host.client("start_new", "chain", running) == {"raised": str(EXISTS)}
    headers = {"x-functions-key": host.key("function")}
    starter = host.call("POST", "/api/start/chain", params={"id": running}, headers=headers)
    assert (starter.status_code, starter.content) == (500, b"")


def test_id_of_an_ended_instance_is_used_again(host: RunningHost) -> None:
    """The old history is gone; Generation counts the reuses."""
    for generation in range(3):
        status = host.run("chain", generation, "reused")
        assert status["output"] == generation + 3
        assert [e["Generation"] for e in status["historyEvents"] if e["EventType"] == "ExecutionStarted"] == [
            generation
        ]


def test_work_of_an_earlier_run_is_discarded(host: RunningHost) -> None:
    """Terminated while an activity runs, started again under the same id: the old result does not reach the new run."""
    host.begin("one_nap", {"seconds": 0.5, "tag": "old"}, "twice")
    host.until("twice", lambda seen: seen["historyEvents"][-1]["EventType"] == "TaskScheduled")
    host.manage("POST", "/instances/twice/terminate")
    host.final("twice")
    assert host.run("one_nap", {"seconds": 1.0, "tag": "new"}, "twice")["output"] == "new"


@pytest.mark.parametrize("instance_id", ["with blank", "back\\slash", "ümläut", "@x", "Case", "case", "x" * 257])
def test_any_id_without_a_slash_works(host: RunningHost, instance_id: str) -> None:
    """Characters and length are not checked; case matters."""
    assert host.begin("chain", 1, instance_id) == instance_id
    assert host.final(instance_id)["instanceId"] == instance_id


def test_id_with_a_slash_is_404_by_routing(host: RunningHost) -> None:
    """The SDK raises what it was answered: nothing."""
    assert host.client("start_new", "chain", "a/b") == {"raised": "None"}


def test_status_codes_of_a_look(host: RunningHost, running: str, completed: str) -> None:
    """202 with Location and Retry-After 5 while it runs, 200 when it has ended, 404 empty when unknown."""
    answer = host.manage("GET", f"/instances/{running}")
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "5")
    assert answer.headers["location"].endswith(f"/instances/{running}")
    assert host.manage("GET", f"/instances/{completed}").status_code == 200
    unknown = host.manage("GET", "/instances/unknown")
    assert (unknown.status_code, unknown.content) == (404, b"")
    assert "content-type" not in unknown.headers


def test_parts_of_a_status(host: RunningHost, completed: str) -> None:
    """HistoryEvents is absent unless asked for, results are in it only on request, the input can be left out."""
    assert "historyEvents" not in host.manage("GET", f"/instances/{completed}").json()
    bare = host.manage("GET", f"/instances/{completed}", params={"showHistory": "true"}).json()
    assert all("Result" not in event for event in bare["historyEvents"])
    without = host.manage("GET", f"/instances/{completed}", params={"showInput": "false"}).json()
    assert without["input"] is None


def test_failed_status_can_be_a_500(host: RunningHost) -> None:
    """Only where the caller asks for it."""
    begun = host.run("raises")["instanceId"]
    query = {"returnInternalServerErrorOnFailure": "true"}
    assert host.manage("GET", f"/instances/{begun}").status_code == 200
    assert host.manage("GET", f"/instances/{begun}", params=query).status_code == 500


def test_list_is_paged_by_id(host: RunningHost) -> None:
    """Pages of top, in the order of ids, with a token to the next; none on the last."""
    for number in range(5):
        host.begin("chain", number, f"page-{number}")
    ids: list[str] = []
    pages = 0
    token = ""
    while True:
        headers = {"x-ms-continuation-token": token} if token else {}
        query = {"top": "2", "instanceIdPrefix": "page-"}
        answer = host.manage("GET", "/instances", params=query, headers=headers)
        ids += [item["instanceId"] for item in answer.json()]
        pages += 1
        token = answer.headers.get("x-ms-continuation-token", "")
        if not token:
            break
    assert (ids, pages) == ([f"page-{number}" for number in range(5)], 3)


def test_list_is_filtered(host: RunningHost, running: str, completed: str) -> None:
    """By status and time; what cannot be read is ignored; another hub has none; a bad token gives none."""

    def listed(**query: str) -> set[str]:
        return {item["instanceId"] for item in host.manage("GET", "/instances", params=query | {"top": "1000"}).json()}

    assert completed in listed(runtimeStatus="Completed,Failed")
    assert running not in listed(runtimeStatus="Completed,Failed")
    assert {running, completed} <= listed(runtimeStatus="Nonsense", createdTimeFrom="yesterday")
    assert not listed(createdTimeFrom="2999-01-01T00:00:00Z")
    assert {running, completed} <= listed(createdTimeTo="2999-01-01T00:00:00Z")
    assert host.manage("GET", "/instances", params={"taskHub": "Other"}).json() == []
    assert host.manage("GET", "/instances", headers={"x-ms-continuation-token": "%"}).json() == []
    assert host.manage("GET", "/instances", params={"top": "0"}).json() == []


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "raiseEvent/Go"])
def test_change_of_what_is_not_running(host: RunningHost, completed: str, operation: str) -> None:
    """An ended instance is 410, an unknown one 404, both empty."""
    given = {"json": 1} if operation.startswith("raise") else {}
    gone = host.manage("POST", f"/instances/{completed}/{operation}", **given)
    unknown = host.manage("POST", f"/instances/unknown/{operation}", **given)
    assert (gone.status_code, gone.content, unknown.status_code, unknown.content) == (410, b"", 404, b"")


def test_suspend_twice_and_resume_of_a_running_one(host: RunningHost) -> None:
    """500 with the state in the message."""
    begun = host.begin("sleeper", 600)
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    answer = host.manage("POST", f"/instances/{begun}/resume")
    text = f"Cannot resume the orchestration instance {begun} because instance is in the Running state."
    assert (answer.status_code, answer.json()["ExceptionMessage"]) == (500, text)
    host.manage("POST", f"/instances/{begun}/suspend")
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Suspended")
    assert host.manage("POST", f"/instances/{begun}/suspend").status_code == 500


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"content": b"1"}, ONLY_JSON),
        (
            {"content": b"1", "headers": {"content-type": "text/plain"}},
            "Only application/json request content is supported",
        ),
        ({"content": b"", "headers": {"content-type": "application/json"}}, "Invalid JSON content"),
        ({"content": b"{bad", "headers": {"content-type": "application/json"}}, "Invalid JSON content"),
    ],
)
def test_event_that_is_no_json_is_400(host: RunningHost, running: str, given: dict[str, object], message: str) -> None:
    """Content type and body are checked."""
    answer = host.manage("POST", f"/instances/{running}/raiseEvent/Go", **given)
    assert (answer.status_code, answer.json()["Message"]) == (400, message)


def test_restart(host: RunningHost, running: str, completed: str) -> None:
    """A new id by default, the same one on request; 409 for a running one with its own id, 400 for an unknown one."""
    answer = host.manage("POST", f"/instances/{completed}/restart")
    assert answer.status_code == 202
    assert answer.json()["id"] != completed
    assert host.final(answer.json()["id"])["output"] == 4
    same = {"restartWithNewInstanceId": "false"}
    assert host.manage("POST", f"/instances/{completed}/restart", params=same).json()["id"] == completed
    assert host.final(completed)["output"] == 4
    refused = host.manage("POST", f"/instances/{running}/restart", params=same)
    assert (refused.status_code, refused.json()["Message"]) == (
        409,
        "A non-terminal instance with this instance ID already exists.",
    )
    unknown = host.manage("POST", "/instances/unknown/restart")
    assert (unknown.status_code, unknown.json()["ExceptionMessage"]) == (
        400,
        "No instance with ID 'unknown' was found. (Parameter 'instanceId')",
    )


def test_rewind_does_the_failed_step_again(host: RunningHost) -> None:
    """202; what had succeeded is kept, what had failed runs again, and the history shows its dead events."""
    failed = host.run("mends")
    assert failed["runtimeStatus"] == "Failed"
    answer = host.manage("POST", f"/instances/{failed['instanceId']}/rewind", params={"reason": "once more"})
    assert (answer.status_code, answer.content) == (202, b"")
    status = host.until(failed["instanceId"], lambda seen: seen["runtimeStatus"] == "Completed")
    assert (status["output"], status["createdTime"]) == ([1, 2, 2], failed["createdTime"])
    assert status["historyEvents"][:2] == failed["historyEvents"][:2]
    assert [event["EventType"] for event in status["historyEvents"][2:]] == [
        *["GenericEvent"] * 4,
        *("TaskCompleted", "TaskCompleted", "ExecutionCompleted"),
    ]
    assert [event["Data"] for event in status["historyEvents"][2:6]] == [None, None, None, "once more"]


def test_rewind_reaches_the_child_that_failed(host: RunningHost) -> None:
    """The parent waits for the same child again, and the SDK may ask for it."""
    failed = host.run("parent_of_mending")
    begun, child = failed["instanceId"], f"{failed['instanceId']}-child"
    assert (failed["runtimeStatus"], host.status(child)["runtimeStatus"]) == ("Failed", "Failed")
    assert host.client("rewind", begun, "once more") == {"result": None}
    status = host.until(begun, lambda seen: seen["runtimeStatus"] == "Completed")
    assert (status["output"], host.status(child)["output"]) == ([1, 2, 2], [1, 2, 2])


def test_rewind_of_what_has_not_failed(host: RunningHost, completed: str) -> None:
    """412 with the state, 404 for an unknown one."""
    answer = host.manage("POST", f"/instances/{completed}/rewind")
    text = 'This orchestration has status Completed, but only orchestrations in the "Failed" state can be rewound.'
    assert (answer.status_code, answer.json()) == (412, text)
    assert host.manage("POST", "/instances/unknown/rewind").status_code == 404


def test_purge_one(host: RunningHost, running: str) -> None:
    """1 for an ended one, 404 for an unknown one, 412 for one that has not ended."""
    begun = host.run("chain")["instanceId"]
    answer = host.manage("DELETE", f"/instances/{begun}")
    assert (answer.status_code, answer.json()) == (200, {"instancesDeleted": 1})
    assert host.manage("GET", f"/instances/{begun}").status_code == 404
    assert host.manage("DELETE", f"/instances/{begun}").status_code == 404
    refused = host.manage("DELETE", f"/instances/{running}")
    text = (
        "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID "
        f"{running} has status Running"
    )
    assert (refused.status_code, refused.json()) == (412, text)


def test_purge_by_filter_deletes_running_ones(host: RunningHost) -> None:
    """CreatedTimeFrom is required; what runs is deleted as well; nothing found is 404."""
    since = datetime.now(UTC).isoformat()
    begun = host.begin("sleeper", 600)
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    without = host.manage("DELETE", "/instances", params={"runtimeStatus": "Running"})
    assert (without.status_code, without.json()) == (400, "Please provide value for 'createdTimeFrom' parameter.")
    query = {"runtimeStatus": "Running", "createdTimeFrom": since}
    assert host.manage("DELETE", "/instances", params=query).json() == {"instancesDeleted": 1}
    assert host.manage("GET", f"/instances/{begun}").status_code == 404
    assert host.manage("DELETE", "/instances", params=query).status_code == 404


def test_keys_of_the_webhooks(host: RunningHost, completed: str) -> None:
    """System and master key open them; a function key is 403, none or an unknown one 401; the header wins."""
    path = f"/runtime/webhooks/durabletask/instances/{completed}"
    code = {"code": host.key("durabletask_extension")}
    assert host.call("GET", path, params=code).status_code == 200
    assert host.call("GET", path, params={"code": host.key("master")}).status_code == 200
    for query in ({}, {"code": "wrong"}):
        nobody = host.call("GET", path, params=query)
        assert (nobody.status_code, nobody.headers["www-authenticate"], nobody.content) == (401, "Bearer", b"")
    function = {"x-functions-key": host.key("function")}
    assert host.call("GET", path, params=code, headers=function).status_code == 403
    assert host.call("GET", path, params=code, headers={"x-functions-key": "wrong"}).status_code == 401


def test_unknown_webhook_is_404(host: RunningHost, running: str) -> None:
    """Also for a wrong verb."""
    assert host.manage("GET", "/nothing").status_code == 404
    assert host.manage("POST", f"/instances/{running}").status_code == 404


def test_sdk_sees_the_status(host: RunningHost, completed: str) -> None:
    """get_status with history; an unknown id is an object that is false."""
    result = host.client("get_status", completed, *[True] * 3)["result"]
    assert (result["runtimeStatus"], result["output"], result["input"]) == ("Completed", 4, "1")
    assert host.client("get_status", "unknown")["result"]["_created_time"] is None


def test_sdk_sees_many(host: RunningHost, completed: str) -> None:
    """get_status_all gives one page of 100 at most."""
    found = host.client("get_status_all")["result"]
    assert 0 < len(found) <= 100
    assert any(item["instanceId"] == completed for item in found) or len(found) == 100


def test_sdk_raises_what_the_host_refuses(host: RunningHost, completed: str) -> None:
    """Ended: silent or gone; unknown: named."""
    for operation in ("terminate", "suspend", "resume"):
        assert host.client(operation, completed, "why") == {"result": None}
        assert host.client(operation, "zzz", "why") == {"raised": "No instance with ID 'zzz' found."}
    gone = f"Instance with ID {completed} is gone: either completed or failed"
    assert host.client("raise_event", completed, "Go", 1) == {"raised": gone}
    assert host.client("raise_event", "zzz", "Go", 1) == {"raised": "No instance with ID zzz found."}
    assert host.client("restart", "zzz") == {"raised": "The operation failed with an unexpected status code 400"}
    assert host.client("purge_instance_history", "zzz")["result"] == {"_instances_deleted": 0}


def test_sdk_waits_for_the_end(host: RunningHost) -> None:
    """Completed: 200 and the bare output; Failed: 500 and the status."""
    good = host.call("POST", "/api/wait/chain", json=1)
    assert (good.status_code, good.json()) == (200, 4)
    bad = host.call("POST", "/api/wait/raises", json=1)
    assert (bad.status_code, bad.json()["runtimeStatus"]) == (500, "Failed")


def test_times_are_whole_seconds_in_utc(host: RunningHost, completed: str) -> None:
    """CreatedTime and lastUpdatedTime, as the SDK parses them."""
    status = host.status(completed)
    created = datetime.strptime(status["createdTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert created <= datetime.now(UTC)
