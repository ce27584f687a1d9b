"""Whatever is wrong with a request is answered by a problem document that says what, where and what is allowed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    import httpx

    from tests.integration.app.http.conftest import Api, IsProblem, RunningHost

JOB_ID = "job_01K0000000000000000000000A"
GENERATION_ID = "gen_01K0000000000000000000000A_0"
ROUTES_OF_A_JOB = [
    ("GET", "/videos/jobs/{id}"),
    ("GET", "/videos/jobs/{id}/timeline"),
    ("POST", "/videos/jobs/{id}/cancel"),
]
CONTENT = "/videos/generations/{id}/content"
NO_IDS = ["job_", "job_01K", "nonsense", "JOB_01K0000000000000000000000A", f"{JOB_ID}x", f"{JOB_ID}%0A", "%00", "..%2f"]
NO_GENERATION_IDS = [JOB_ID, "gen_01K_0", f"{GENERATION_ID}%0A", "gen_01K0000000000000000000000A", "%F0%9F%8E%AC"]


def post(api: Api, body: bytes | str, content_type: str | None = "application/json") -> httpx.Response:
    """Send these very bytes."""
    headers = {} if content_type is None else {"content-type": content_type}
    return api.post("/videos/jobs", content=body, headers=headers)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"prompt": ""}, "/prompt"),
        ({"prompt": " \n\t\u3000"}, "/prompt"),
        ({"prompt": "x" * 32_001}, "/prompt"),
        ({"prompt": "\U0001f3ac" * 16_001}, "/prompt"),
        ({"prompt": 7}, "/prompt"),
        ({"prompt": None}, "/prompt"),
        ({"prompt": ["a kite"]}, "/prompt"),
        ({"size": "big"}, "/size"),
        ({"size": 480}, "/size"),
        ({"width": 480}, ""),
        ({"height": 0, "width": 480}, "/height"),
        ({"size": "480x480", "width": 480, "height": 481}, ""),
        ({"seconds": "1"}, "/seconds"),
        ({"seconds": 1.5}, "/seconds"),
        ({"seconds": True}, "/seconds"),
        ({"seconds": 0}, "/seconds"),
        ({"variants": 0}, "/variants"),
        ({"deadline_s": 59}, "/deadline_s"),
        ({"deadline_s": 86_401}, "/deadline_s"),
        ({"priority": "urgent"}, "/priority"),
        ({"metadata": {"k": 1}}, "/metadata/k"),
        ({"metadata": {"k": "x" * 257}}, "/metadata/k"),
        ({"metadata": {"a/b~c": 1}}, "/metadata/a~1b~0c"),
        ({"metadata": {str(n): "v" for n in range(17)}}, "/metadata"),
        ({"metadata": {"k": "a\x00b"}}, "/metadata/k"),
        ({"metadata": []}, "/metadata"),
        ({"colour": "red"}, "/colour"),
        ({"model": "sora-9"}, "/model"),
        ({"model": 2}, "/model"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_value_nobody_takes_is_pointed_at(
    api: Api, is_problem: IsProblem, wrong: dict[str, Any], pointer: str
) -> None:
    """A wrong value of any field is a 422 whose JSON pointer leads to it."""
    body = {"prompt": "a kite", **wrong}
    is_problem(api.post("/videos/jobs", json=body), 422, "validation_failed", pointer)


@pytest.mark.parametrize("field", ["prompt", "model", "size", "priority"])
def test_half_a_surrogate_pair_is_refused(api: Api, is_problem: IsProblem, field: str) -> None:
    """Text that is no Unicode is a 422, whichever field it stands in."""
    body = {"prompt": "a kite", "model": "sora"} | {field: "a \ud83c kite"}
    is_problem(post(api, json.dumps(body)), 422, "validation_failed", f"/{field}")


@pytest.mark.parametrize(
    "body", [{"\ud83c": 1}, {"metadata": {"\ud83c": "v"}}, {"metadata": {"k": "\ud83c"}}, {"metadata": {"\ud83c": 1}}]
)
def test_half_a_surrogate_pair_in_a_name_is_refused(api: Api, is_problem: IsProblem, body: dict[str, Any]) -> None:
    """Also the names of fields may be no Unicode: the problem document still is."""
    is_problem(post(api, json.dumps({"prompt": "a kite", **body})), 422, "validation_failed")


@pytest.mark.parametrize(
    ("asked", "pointer", "allowed"),
    [
        ({"model": "sora-2", "size": "480x480"}, "/size", ["1280x720", "720x1280"]),
        ({"model": "sora-2", "width": 480, "height": 480}, "/size", ["1280x720", "720x1280"]),
        ({"model": "sora-2", "seconds": 5}, "/seconds", ["4", "8", "12"]),
        ({"model": "sora-2", "n_seconds": 5}, "/seconds", ["4", "8", "12"]),
        ({"model": "sora-2", "variants": 2}, "/variants", ["1"]),
        ({"model": "sora", "n_variants": 5}, "/variants", ["4"]),
        ({"model": "nope"}, "/model", ["sora-2", "sora", "busy"]),
    ],
    ids=str,
)
def test_what_the_model_does_not_take_names_what_it_takes(
    api: Api, is_problem: IsProblem, asked: dict[str, Any], pointer: str, allowed: list[str]
) -> None:
    """Nothing is silently changed: the error names the values that are allowed."""
    problem = is_problem(api.submit("a kite", **asked), 422, "validation_failed", pointer)
    assert all(value in problem["errors"][0]["detail"] for value in allowed)


@pytest.mark.parametrize(
    "body", ["", "{", "{'prompt': 1}", '{"prompt": "a"', b"\xff\xfe\x00", b'{"prompt": "\xff"}', "[" * 100_000]
)
def test_what_is_not_json_is_said_to_be_so(api: Api, is_problem: IsProblem, body: bytes | str) -> None:
    """A body that does not parse is a 400 of its own code."""
    is_problem(post(api, body), 400, "malformed_json")


@pytest.mark.parametrize("body", ["[]", "null", '"prompt"', "7", "NaN", "true"])
def test_json_that_is_no_object_is_refused(api: Api, is_problem: IsProblem, body: str) -> None:
    """Only an object is a request."""
    is_problem(post(api, body), 422, "validation_failed", "")


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/jsonp", "multipart/form-data"])
def test_another_content_type_is_refused(api: Api, is_problem: IsProblem, content_type: str | None) -> None:
    """Jobs are taken as application/json alone; a body that does not say so is not guessed at."""
    is_problem(post(api, '{"prompt": "a kite"}', content_type), 415, "unsupported_media_type")


def test_the_content_type_may_say_more(api: Api, is_problem: IsProblem) -> None:
    """Case and parameters of the content type do not matter."""
    is_problem(post(api, "{}", "Application/JSON; charset=utf-8"), 422, "validation_failed", "/prompt")


def test_a_body_over_the_limit_is_refused_by_its_size(api: Api, is_problem: IsProblem) -> None:
    """More than 256 KiB are not parsed."""
    is_problem(post(api, b'{"prompt": "' + b"x" * (256 * 1024) + b'"}'), 413, "body_too_large")
    padded = b'{"prompt": "' + b"x" * (256 * 1024 - 14) + b'"}'
    assert len(padded) == 256 * 1024
    is_problem(post(api, padded), 422, "validation_failed", "/prompt")


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "tab\there"])
def test_an_idempotency_key_is_printable_ascii(api: Api, is_problem: IsProblem, key: str) -> None:
    """A key that cannot be told from another safely is refused."""
    answer = api.post("/videos/jobs", json={"prompt": "a kite"}, headers={"idempotency-key": key.encode("latin-1")})
    is_problem(answer, 422, "validation_failed", "Idempotency-Key")


@pytest.mark.parametrize(("method", "route"), ROUTES_OF_A_JOB)
@pytest.mark.parametrize("job_id", [JOB_ID, *NO_IDS])
def test_an_id_of_no_job_is_not_found(api: Api, is_problem: IsProblem, method: str, route: str, job_id: str) -> None:
    """Ids that never were and texts that are no ids at all get the same 404."""
    is_problem(api.send(method, route.format(id=job_id)), 404, "not_found")


@pytest.mark.parametrize("generation_id", [GENERATION_ID, *NO_GENERATION_IDS])
def test_an_id_of_no_generation_is_not_found(api: Api, is_problem: IsProblem, generation_id: str) -> None:
    """The same for videos."""
    is_problem(api.get(CONTENT.format(id=generation_id)), 404, "not_found")


def test_the_jobs_of_others_are_not_found(host: RunningHost, is_problem: IsProblem) -> None:
    """For another owner a job does not exist, on any route, and its cancel does nothing."""
    mine, other = host.api(), host.api()
    job = mine.accepted(model="nowhere")
    for method, route in ROUTES_OF_A_JOB:
        is_problem(other.send(method, route.format(id=job["id"])), 404, "not_found")
    is_problem(other.get(CONTENT.format(id=job["id"].replace("job", "gen") + "_0")), 404, "not_found")
    assert other.get("/videos/jobs").json()["jobs"] == []
    assert mine.job(job["id"])["cancel_requested"] is False


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", "\u0661", "9" * 5000])
def test_a_page_has_1_to_100_jobs(api: Api, is_problem: IsProblem, limit: str) -> None:
    """Another limit is a 422 that says so."""
    problem = is_problem(api.get("/videos/jobs", limit=limit), 422, "validation_failed", "limit")
    assert "1 to 100" in problem["errors"][0]["detail"]


@pytest.mark.parametrize(
    "cursor", ["x", "7" + "Z" * 25 + "0", "8" + "0" * 25, "o" * 26, "0" * 25, "job!x", "~", "\u00df" * 26, "' or 1"]
)
def test_a_cursor_is_one_of_ours(api: Api, is_problem: IsProblem, cursor: str) -> None:
    """A cursor that no page could have given is a 400, not an empty or a first page."""
    is_problem(api.get("/videos/jobs", cursor=cursor), 400, "bad_cursor")
    is_problem(api.get("/videos/jobs", cursor=cursor, state="failed"), 400, "bad_cursor")


@pytest.mark.parametrize("state", ["done", "Queued", "queued,running"])
def test_a_state_is_one_of_six(api: Api, is_problem: IsProblem, state: str) -> None:
    """An unknown state is a 422 that names the known ones."""
    problem = is_problem(api.get("/videos/jobs", state=state), 422, "validation_failed", "state")
    assert "queued, running, storing, succeeded, failed, cancelled" in problem["errors"][0]["detail"]


def test_a_request_that_does_not_say_whose_it_is_is_refused(host: RunningHost, is_problem: IsProblem) -> None:
    """Where a header names the owner, nothing is answered without it; health alone asks nobody."""
    api = host.api()
    del api.headers["x-lab-owner"]
    is_problem(api.submit(), 401, "owner_required")
    for route in ("/videos/jobs", f"/videos/jobs/{JOB_ID}", CONTENT.format(id=GENERATION_ID), "/env/status"):
        is_problem(api.get(route), 401, "owner_required")
    assert api.get("/health").status_code == 200


def test_a_function_key_is_needed_for_everything_but_health(host: RunningHost) -> None:
    """The host's own door is in front of the app's."""
    api = host.api()
    del api.headers["x-functions-key"]
    assert api.submit().status_code == 401
    assert api.get("/env/status").status_code == 401
    assert api.get("/health").json()["status"] == "ok"


TEXT = st.text(st.characters(codec=None) | st.characters(categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = {
    "prompt": TEXT | JSON,
    "model": st.just("nowhere") | JSON,
    "size": st.sampled_from(["480x480", "0x0", "1280X720", "\u0664\u0668\u0660x480"]) | JSON,
    "seconds": st.integers() | JSON,
    "variants": st.integers(0, 5) | JSON,
    "priority": st.sampled_from(["high", "normal"]) | JSON,
    "metadata": st.dictionaries(TEXT, TEXT, max_size=3) | JSON,
    "deadline_s": st.integers() | JSON,
}


def test_no_body_makes_the_app_stumble(host: RunningHost) -> None:
    """Whatever JSON is sent, it is taken in or refused by a problem document; nothing is a server error."""
    api = host.api()

    @settings(max_examples=60, deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
    @given(JSON | st.fixed_dictionaries({}, optional=FIELDS | {"\U0001f3ac/~": JSON}))
    def answered(body: Any) -> None:
        answer = post(api, json.dumps(body))
        if answer.status_code == 202:
            api.post(f"/videos/jobs/{answer.json()['id']}/cancel")
            return
        assert answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]

    answered()
