"""How the client reads what a lab says, older and newer than itself."""

import pytest
from pydantic import ValidationError

from client.errors import problem_of
from client.models import Job


def test_job_keeps_fields_it_does_not_know() -> None:
    """A field that the server added is kept and given on, not refused."""
    job = Job.model_validate({"id": "job_1", "state": "queued", "mood": {"colour": "blue"}})
    assert job.model_dump(mode="json")["mood"] == {"colour": "blue"}


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_job_is_final_in_a_final_state(state: str) -> None:
    """A job has ended when it succeeded, failed or was cancelled."""
    assert Job(id="job_1", state=state).is_final


@pytest.mark.parametrize("state", ["queued", "running", "storing", "a state of tomorrow"])
def test_job_is_not_final_in_any_other_state(state: str) -> None:
    """A job goes on in every other state, also in one that this client does not know."""
    assert not Job(id="job_1", state=state).is_final


def test_job_without_an_id_is_none() -> None:
    """What has no id and state is not a job."""
    with pytest.raises(ValidationError):
        Job.model_validate({"state": "queued"})


@pytest.mark.parametrize("document", [None, [], "oops", {"error": "other"}, {"detail": 5}, {"errors": "no list"}])
def test_problem_of_anything_else_says_the_status(document: object) -> None:
    """An answer that is no problem document still becomes a sentence with its status."""
    problem = problem_of(document, status=502, reason="Bad Gateway")
    assert problem.code is None
    assert "502 Bad Gateway" in problem.sentence


def test_problem_of_a_document_keeps_all_of_it() -> None:
    """A problem document is read with its pointers, and what it adds is kept."""
    document = {"code": "x", "detail": "d", "errors": [{"pointer": "/p", "detail": "e"}], "correlation_id": "c"}
    problem = problem_of(document, status=422, reason="")
    assert (problem.sentence, problem.errors[0].pointer) == ("d", "/p")
    assert problem.model_dump()["correlation_id"] == "c"
