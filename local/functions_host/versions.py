"""Which versions of orchestrations this host runs, by ``defaultVersion`` and ``versionMatchStrategy``. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

Match = Literal["CurrentOrOlder", "Strict", "None"]
_NUMBERS = re.compile(r"\d+(\.\d+){1,3}")


@dataclass(frozen=True, slots=True)
class Versions:
    """The host's own version, which what it starts has unless it is given another, and what else it runs."""

    own: str | None = None
    match: Match = "CurrentOrOlder"

    def refusal(self, asked: str | None) -> str | None:
        """Why an instance of this version is not run here, or None.

        The real host neither runs nor fails it unless versionFailureStrategy is Fail: it stays Pending (trace
        start-webhook-with-version-status).
        """
        if self.match == "None" or _is_covered(asked or "", self.own or "", self.match):
            return None
        own = f"'{self.own}'" if self.own else "not set"
        return (
            f"This instance has version '{asked or ''}', which this host does not run (host.json: defaultVersion is "
            f"{own}, versionMatchStrategy is {self.match}). On Azure it would wait for ever without a word, unless "
            "versionFailureStrategy is Fail; this host fails it instead."
        )


def _is_covered(asked: str, own: str, match: Match) -> bool:
    if match == "Strict":
        return asked == own
    return _ordered(asked, own) <= _ordered(own, asked)


def _ordered(version: str, other: str) -> tuple[int | str, ...]:
    """A key to compare a version with another: numbers where both are numbers, else text; none is the least."""
    if not version:
        return ()
    if _NUMBERS.fullmatch(version) and _NUMBERS.fullmatch(other):
        return tuple(int(part) for part in version.split("."))
    return (version.casefold(),)
