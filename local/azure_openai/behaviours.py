"""Behaviour that a prompt can ask for with a tag in square brackets, and the plan that follows from it.

| tag | what happens |
| --- | --- |
| `[moderated]` | the create is refused: 400 |
| `[moderated:input]` | accepted, then fails early as moderated (Sora 1: `input_moderation`) |
| `[moderated:output]` | fails at the very end as moderated (Sora 1: `output_moderation`) |
| `[fails]` | fails half-way: `processing_error` (Sora 1: `internal_error`) |
| `[fails:unexplained]` | fails half-way, and the error is null (Sora 1: the reason) |
| `[stuck]` | stays in progress until it expires |
| `[takes:67]` | takes that many seconds |
| `[generations:3]` | of the variants asked for, only that many come out |
| `[people]` | a reference picture is refused for showing people: 400 |

A tag nobody knows is part of the prompt. What is scripted is decided here, once, when a render is created.
"""

import re
from dataclasses import dataclass

from local.azure_openai.state import Failure, Order, Phase, Plan, Stage

_TAG = re.compile(r"\[([a-z]+)(?::([a-z0-9.]+))?\]")
_STUCK_S = 10 * 365 * 86_400.0
_EARLY, _HALF_WAY = 0.15, 0.5


@dataclass(frozen=True, slots=True)
class Script:
    """What will become of one order."""

    plan: Plan
    films: int


def tags(prompt: str) -> dict[str, str]:
    """Return the tags of a prompt with their values ("" without one)."""
    return dict(_TAG.findall(prompt))


def is_refused(order: Order) -> bool:
    """Whether moderation refuses the create."""
    asked = tags(order.prompt)
    return asked.get("moderated") == "" or (order.opening is not None and "people" in asked)


def script(order: Order, *, render_s: float, failing_sizes: tuple[str, ...]) -> Script:
    """Decide the life of a render that takes `render_s` seconds where its prompt does not say otherwise."""
    asked = tags(order.prompt)
    takes_s = _number(asked.get("takes")) or render_s
    films = min(order.variants, int(_number(asked.get("generations")) or order.variants))
    if asked.get("moderated") == "input":
        return Script(_failing(takes_s, Failure.INPUT_MODERATION, _EARLY), 0)
    if asked.get("moderated") == "output":
        return Script(_failing(takes_s, Failure.OUTPUT_MODERATION, 1.0), 0)
    if "fails" in asked:
        failure = Failure.UNEXPLAINED if asked["fails"] == Failure.UNEXPLAINED else Failure.INTERNAL
        return Script(_failing(takes_s, failure, _HALF_WAY), 0)
    if order.size in failing_sizes:
        return Script(_failing(takes_s, Failure.UNSUPPORTED_SIZE, _HALF_WAY), 0)
    if "stuck" in asked:
        usual = _stages(takes_s)[:2]
        return Script(Plan((*usual, Stage(Phase.RENDERING, _STUCK_S, 100))), 0)
    return Script(Plan(_stages(takes_s)), films)


def _stages(takes_s: float) -> tuple[Stage, ...]:
    """Queued for a moment, without progress for a while, then steadily on (azure-openai.md B.4, H 11)."""
    return (
        Stage(Phase.QUEUED, takes_s * 0.06, 0),
        Stage(Phase.PREPARING, takes_s * 0.15, 0),
        Stage(Phase.RENDERING, takes_s * 0.92, 95),
        Stage(Phase.FINISHING, takes_s, 99),
    )


def _failing(takes_s: float, failure: Failure, share: float) -> Plan:
    """The usual life, cut off at a share of its time."""
    end_s = takes_s * share
    kept = [stage for stage in _stages(takes_s) if stage.until_s < end_s]
    cut = next(stage for stage in _stages(takes_s) if stage.until_s >= end_s)
    reached = kept[-1].progress if kept else 0
    return Plan((*kept, Stage(cut.phase, end_s, (reached + cut.progress) // 2)), failure)


def _number(text: str | None) -> float | None:
    try:
        return float(text or "") or None
    except ValueError:
        return None
