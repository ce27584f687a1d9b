"""What can go wrong between a program and the lab: the server's problem documents (RFC 9457), or no answer at all."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class ProblemItem(BaseModel):
    """One thing that is wrong with the request, and the JSON pointer to it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    pointer: str | None = None
    detail: str | None = None


class Problem(BaseModel):
    """A problem document. `code` is the stable part for programs; `detail` is the sentence for people."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    code: str | None = None
    instance: str | None = None
    advice: str | None = None
    money: str | None = None
    errors: tuple[ProblemItem, ...] = ()

    @property
    def sentence(self) -> str:
        """What to tell a person, whatever fields the document has."""
        return self.detail or self.title or self.code or "no reason was given"


class LabError(Exception):
    """The lab answered, and the answer is a problem."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.status = status
        self.problem = problem


class UnreachableError(Exception):
    """No answer came: nobody listens there, the name is unknown, or the connection was cut. The text says which."""


def problem_of(document: Any, *, status: int, reason: str) -> Problem:
    """Read a problem document; anything else (a proxy's page, an empty body) becomes one that says only the status."""
    try:
        problem = Problem.model_validate(document)
    except ValidationError:
        problem = Problem()
    if problem.detail or problem.title or problem.code:
        return problem
    return Problem(status=status, title=reason, detail=f"the server answered {status} {reason} without an explanation")
