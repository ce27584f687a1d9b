"""Plays all facts on one host and compares. Knows neither the facts nor how the host came to run."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conformance import facts
from tests.conformance.compare import Place, differences, shapes, without_order
from tests.conformance.differences import ACCEPTED, Accepted
from tests.conformance.normal import Normal, read_body
from tests.conformance.scenes.scene import Scene
from tests.conformance.scenes.table import GROUPS
from tests.conformance.stage import Stage, StageError, Target

_AT_ONCE = 16


@dataclass
class Outcome:
    """What came of one fact."""

    trace: str
    accepted: list[tuple[Place, Accepted]] = field(default_factory=list[tuple[Place, Accepted]])
    failures: list[str] = field(default_factory=list[str])


@dataclass
class Report:
    """What came of all."""

    groups: dict[str, list[Outcome]]

    def outcomes(self) -> Iterator[Outcome]:
        """All outcomes."""
        for outcomes in self.groups.values():
            yield from outcomes

    def failures(self) -> list[str]:
        """Everything that nobody accepted."""
        return [f"{outcome.trace}: {failure}" for outcome in self.outcomes() for failure in outcome.failures]

    def lines(self) -> Iterator[str]:
        """One line a group, then the failures, then the sum."""
        for group, outcomes in self.groups.items():
            yield f"{group}: {_sum(outcomes)}"
        yield from (f"FAILED {failure}" for failure in self.failures())
        yield _sum(list(self.outcomes()))


def _sum(outcomes: list[Outcome]) -> str:
    accepted = sum(bool(outcome.accepted) and not outcome.failures for outcome in outcomes)
    failures = sum(bool(outcome.failures) for outcome in outcomes)
    return f"{len(outcomes)} facts, {accepted} accepted differences, {failures} failures"


def run(target: Target, *, wanted: Callable[[str], bool] = lambda _: True) -> Report:
    """Play every wanted fact: independent ones side by side, then those that touch the instances of others."""
    played: dict[str, Outcome] = {}
    known = {
        trace: (fact, scenes[trace])
        for group, scenes in GROUPS.items()
        for trace, fact in facts.of_group(group).items()
        if wanted(trace)
    }
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        side_by_side = [pool.submit(_play, target, *both) for both in known.values() if not both[1].alone]
        played |= {outcome.trace: outcome for outcome in (future.result() for future in side_by_side)}
    played |= {trace: _play(target, *both) for trace, both in known.items() if both[1].alone}
    return Report({group: [played[trace] for trace in scenes if trace in played] for group, scenes in GROUPS.items()})


def unused(report: Report) -> list[Accepted]:
    """Accepted differences that did not show: they have become false, and must go."""
    seen = {id(accepted) for outcome in report.outcomes() for _, accepted in outcome.accepted}
    return [accepted for accepted in ACCEPTED if id(accepted) not in seen]


def _play(target: Target, fact: dict[str, Any], scene: Scene) -> Outcome:
    outcome = Outcome(fact["trace"])
    try:
        for place in _differences(Stage(target, fact["named"], fact), fact, scene):
            accepted = next((one for one in ACCEPTED if one.covers(fact["trace"], place.path)), None)
            if accepted is None:
                outcome.failures.append(str(place))
            else:
                outcome.accepted.append((place, accepted))
    except (StageError, httpx.HTTPError, ValueError) as error:
        outcome.failures.append(f"{type(error).__name__}: {error}")
    return outcome


def _differences(stage: Stage, fact: dict[str, Any], scene: Scene) -> Iterator[Place]:
    for step in scene.given:
        step(stage)
    status, headers, content = _answer(stage, fact["request"], scene)
    normal = Normal(stage.prefix, stage.target.keys)
    if "status" in fact:
        yield from differences(fact["status"], status, "status")
        found = normal.headers(headers)
        if scene.view == "shapes":
            found = {name: fact["headers"].get(name) if "token" in name else value for name, value in found.items()}
        yield from differences(dict(sorted(fact["headers"].items())), dict(sorted(found.items())), "headers")
    expected, body = fact["body"], normal.body(read_body(content))
    if scene.view == "shapes":
        with_status = "runtimeStatus=" in fact["request"]["path"]
        expected, body = shapes(expected, with_status=with_status), shapes(body, with_status=with_status)
    elif scene.view == "any order":
        expected, body = without_order(expected), without_order(body)
    yield from differences(expected, body, "body")


def _answer(stage: Stage, request: dict[str, Any], scene: Scene) -> tuple[int, dict[str, str], bytes]:
    if scene.door == "public":
        answer = stage.send(request)
        return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content
    through = stage.through_app(request)
    return (
        through["status"],
        {name.lower(): value for name, value in through["headers"].items()},
        through["text"].encode(),
    )
