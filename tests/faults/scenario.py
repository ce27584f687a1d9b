"""What one schedule is about, drawn from its seed: lanes, jobs, what is done to them, and which faults there are.

Every schedule has its own mix: a random part of all faults, each at its own rate. So rare combinations come up, and no
fault hides another by always being there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from tests.faults.hub import CALLS, DELIVERIES
from tests.faults.provider import CONTENTS, CREATES, DEPLOYMENTS, LOOKS
from tests.faults.storage_faults import READS, WRITES

if TYPE_CHECKING:
    from tests.faults.chance import Chance

FAULTS = (
    *sorted({f"storage {kind}" for kind in (*READS, *WRITES)}),
    *(f"create {kind}" for kind in CREATES),
    *(f"look {kind}" for kind in LOOKS),
    *(f"content {kind}" for kind in CONTENTS),
    *(f"hub {kind}" for kind in (*DELIVERIES, "ruined")),
    *(f"client {kind}" for kind in CALLS),
)
_OFTEN = ("create", "content", "hub")
"""A job has few of these, so each meets a fault more often."""

_FOCUS_RATES = {"user": 0.0, "storage": 0.04, "create": 0.25, "look": 0.25, "content": 0.25, "hub": 0.15, "client": 0.1}
"""How often a fault happens that the seed names, where that does not say it: `17+storage pause+create late=0.5`."""

Happening = Literal["worker dies", "host dies", "hub is lost", "story restarts", "story ends"]
Act = Literal["cancel", "delete", "delete failed", "retry", "resolve", "import"]
HAPPENINGS: tuple[Happening, ...] = get_args(Happening)
ACTS: dict[Act, tuple[float, float, float]] = {
    "cancel": (0.2, 0.2, 1000),
    "delete": (0.2, 0.5, 2000),
    "delete failed": (0.05, 100, 4000),
    "retry": (0.5, 1, 1500),
    "resolve": (0.6, 1, 1500),
    "import": (0.06, 1, 1500),
}
"""For each job: how often its user means to do that, and between which seconds. Retry and resolve then wait until there
is something to be retried or resolved, and patience ends for most."""


@dataclass(frozen=True)
class Planned:
    """Something that happens, or that somebody does, at a moment, to a job where it concerns one."""

    at_s: float
    what: Happening | Act
    job: int = 0

    @property
    def name(self) -> str:
        """Its name among the faults of a schedule."""
        return f"{self.at_s:.0f} s: {self.what} {self.job}"


@dataclass(frozen=True)
class Asked:
    """One job as its user sends it: when, the request, under which key, and how many times at once."""

    at_s: float
    request: dict[str, Any]
    owner: str
    key: str | None
    copies: int


@dataclass(frozen=True)
class Scenario:
    """Everything a schedule is made of, but the draws at each effect."""

    lanes: list[dict[str, Any]]
    asked: list[Asked]
    planned: list[Planned]
    rates: dict[str, float]
    render_s: float
    skew_s: float
    page_size: int
    workers: int
    faults_until_s: float
    names_prompts: bool = True
    """Whether the provider says of its renders which prompt they were made from."""

    @property
    def is_exclusive(self) -> bool:
        """Whether nobody but the app renders on the account."""
        return any(one.get("exclusive") for one in self.lanes)


def scenario(chance: Chance) -> Scenario:
    """Draw a scenario."""
    is_sora_1 = chance.draw("dialect") < 0.3
    asked = [_job(chance, n, is_sora_1=is_sora_1) for n in range(chance.one_of("jobs", (1, 1, 2, 2, 3, 4)))]
    until_s = chance.stretched("faults until", 300, 3000)
    rates = _rates(chance)
    names_prompts = is_sora_1 or chance.draw("prompts") >= _share(chance, "user nameless", 0.2)
    is_exclusive = not names_prompts and chance.draw("exclusive") < _share(chance, "user exclusive", 0.5)
    return Scenario(
        lanes=[one | {"exclusive": is_exclusive} for one in _lanes(chance, is_sora_1=is_sora_1)],
        asked=asked,
        planned=_planned(chance, len(asked), until_s),
        rates=rates,
        render_s=chance.stretched("render", 5, 90) * chance.one_of("long", (1, 1, 1, 5)),
        skew_s=chance.between("skew", -20, 20) if chance.draw("skewed") < 0.5 else 0.0,
        page_size=chance.one_of("pages", (1, 2, 100)),
        workers=chance.one_of("workers", (1, 2, 2)),
        faults_until_s=until_s,
        names_prompts=names_prompts,
    )


def _named(chance: Chance) -> dict[str, float]:
    """Read the faults that the seed names, and how often each is to happen."""
    named = [text.partition("=") for text in chance.seed.split("+")[1:]]
    return {fault: float(rate) if rate else _FOCUS_RATES[fault.split()[0]] for fault, _, rate in named}


def _share(chance: Chance, what: str, share: float) -> float:
    """Tell how many jobs have something done to them, or a short deadline: most, where the seed names that."""
    return 0.8 if what in _named(chance) else share


def _rates(chance: Chance) -> dict[str, float]:
    share = chance.one_of("share of faults", (0.0, 0.1, 0.25, 0.5, 1.0))
    force = chance.stretched("force", 0.002, 0.08)
    rates: dict[str, float] = {}
    for fault in FAULTS:
        if chance.draw(f"has {fault}") < share:
            times = 8 if fault.startswith(_OFTEN) else 1
            rates[fault] = min(force * times * chance.stretched(f"rate of {fault}", 0.3, 2), 0.25)
    return rates | _named(chance)


def _lanes(chance: Chance, *, is_sora_1: bool) -> list[dict[str, Any]]:
    names = ("c", "d") if is_sora_1 else ("a", "b")
    return [
        lane(name, chance.one_of(f"cap {name}", (1, 2, 3)), chance.one_of(f"rate {name}", (1, 2, 3, 10)))
        for name in names[: chance.one_of("lanes", (1, 1, 2))]
    ]


def lane(deployment: str, max_in_flight: int, creates_per_minute: int) -> dict[str, Any]:
    """Describe a lane as the setting LANES does; its dialect is that of the deployment."""
    is_sora_1 = DEPLOYMENTS[deployment] == "sora"
    sora_1 = {"sizes": ["480x480"], "seconds": [5], "max_variants": 2}
    return {
        "name": deployment,
        "model": "m",
        "api": "jobs" if is_sora_1 else "videos",
        "endpoint": "http://provider.example/openai/v1",
        "deployment": deployment,
        "api_key": "emulator-key",
        "max_in_flight": max_in_flight,
        "creates_per_minute": creates_per_minute,
        "usd_per_second": "0.10",
        "typical_render_s": 60,
        "offers": [sora_1 if is_sora_1 else {"sizes": ["1280x720"], "seconds": [4]}],
    }


def _job(chance: Chance, n: int, *, is_sora_1: bool) -> Asked:
    tag = chance.one_of(f"tag {n}", ("", "", "", "", "", "", "", " [fails]", " [moderated]", " [moderated:output]"))
    subject = 0 if n and chance.draw(f"equal {n}") < 0.15 else n
    request: dict[str, Any] = {"prompt": f"a kite, number {subject}{'' if subject != n else tag}"}
    if is_sora_1:
        request["variants"] = chance.one_of(f"variants {n}", (1, 2))
    if chance.draw(f"deadline {n}") < _share(chance, "user deadline", 0.2):
        request["deadline_s"] = int(chance.stretched(f"deadline of {n}", 60, 1200))
    return Asked(
        at_s=chance.stretched(f"at {n}", 0.1, 120),
        request=request,
        owner=f"owner-{chance.one_of(f'owner {n}', (0, 0, 1))}",
        key=f"key-{n}" if chance.draw(f"key {n}") < 0.8 else None,
        copies=chance.one_of(f"copies {n}", (1, 1, 1, 2, 3)),
    )


def _planned(chance: Chance, jobs: int, until_s: float) -> list[Planned]:
    acts = [
        Planned(chance.stretched(f"{act} {n}", low_s, high_s), act, n)
        for act, (share, low_s, high_s) in ACTS.items()
        for n in range(jobs)
        if chance.draw(f"{act}s {n}") < _share(chance, f"user {act}", share)
    ]
    count = chance.one_of("happenings", (0, 0, 1, 1, 2, 4))
    others = [
        Planned(
            chance.stretched(f"happening {n}", 0.5, until_s),
            chance.one_of(f"what {n}", HAPPENINGS),
            int(jobs * chance.draw(f"whom {n}")),
        )
        for n in range(count)
    ]
    return sorted([*acts, *others], key=lambda one: one.at_s)
