"""Which faults stand, how often each was met, and which one hits a call. It knows no request and hits nothing itself.

All of it is written down before a fault strikes, so a killed emulator goes on in the same place of every script.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from pydantic import BaseModel

from local.azure_openai.clock import Clock
from local.azure_openai.faults import Call, Fault, tagged
from local.azure_openai.store import Store

_FAULT, _MET = "fault/", "met/"


class Met(BaseModel):
    """How often a fault was met by a call it is for, how often it struck, and when it was first met."""

    seen: int = 0
    struck: int = 0
    first_at: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is about, as far as that is known."""

    call: Call
    deployment: str | None = None
    prompt: str | None = None
    render: str | None = None


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that hits a call, and the how-manieth of its matching calls that is."""

    fault: Fault
    nth: int


class FaultBook:
    """The faults of one emulator."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def standing(self) -> dict[str, tuple[Fault, Met]]:
        """Return the faults that were added, by id, in their order."""
        bodies = self._store.facts_under(_FAULT)
        return {name: (Fault.model_validate_json(body), self._met(name)) for name, body in bodies.items()}

    def add(self, fault: Fault) -> str:
        """Let a fault stand; return its id."""
        numbers = [int(name) for name in self._store.facts_under(_FAULT)]
        name = str(max(numbers, default=0) + 1).zfill(6)
        self._store.forget(_MET + name)
        self._store.remember(_FAULT + name, fault.model_dump_json(exclude_unset=True))
        return name

    def remove(self, name: str) -> bool:
        """Take a fault away; say whether there was one."""
        self._store.forget(_MET + name)
        return self._store.forget(_FAULT + name)

    def strike(self, target: Target) -> Strike | None:
        """Return what hits a call, if anything; the first that strikes is the only one."""
        for name, fault in self._matching(target):
            if (nth := self._meet(name, fault)) is not None:
                return Strike(fault, nth)
        return None

    def _matching(self, target: Target) -> Iterator[tuple[str, Fault]]:
        for name, (fault, _) in self.standing().items():
            if _is_for(fault, target):
                yield name, fault
        of = target.render or sha256((target.prompt or "").encode()).hexdigest()
        for tag, fault in tagged(target.prompt or "").items():
            if fault.call == target.call:
                yield f"{tag}{of}", fault

    def _meet(self, name: str, fault: Fault) -> int | None:
        met, now = self._met(name), self._clock.now()
        nth, first_at = met.seen, now if met.first_at is None else met.first_at
        is_due = nth >= fault.skip and (fault.times is None or met.struck < fault.times)
        is_due = is_due and (fault.for_s is None or now < first_at + fault.for_s)
        strikes = is_due and fault.chance(nth).random() < fault.probability
        after = Met(seen=nth + 1, struck=met.struck + strikes, first_at=first_at)
        self._store.remember(_MET + name, after.model_dump_json())
        return nth if strikes else None

    def _met(self, name: str) -> Met:
        body = self._store.facts.get(_MET + name)
        return Met.model_validate_json(body) if body else Met()


def _is_for(fault: Fault, target: Target) -> bool:
    return (
        fault.call in {target.call, None}
        and fault.deployment in {target.deployment, None}
        and fault.render in {target.render, None}
        and (fault.prompt is None or fault.prompt in (target.prompt or ""))
    )
