"""Rules of the checks themselves: whoever takes a role or a setting out of the Bicep is told.

Each mutation costs a run of the compiler, so `make test` makes a few of them; `make infra-mutations` makes all.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.compiler import INFRA, Compiler
from tests.infra.prediction import Prediction, complaints

_MAIN = (INFRA / "main.bicep").read_text("utf-8")
_SAMPLE_EVERY = 12


@dataclass(frozen=True)
class Mutation:
    """A piece of main.bicep that is taken out."""

    name: str
    piece: str
    instead: str = ""

    @property
    def case(self) -> str:
        """The case that has every role and every setting."""
        return "existing-openai"


def _roles() -> list[Mutation]:
    block = _MAIN[_MAIN.index("var roles = {") :]
    block = block[: block.index("\n}")]
    found: list[Mutation] = []
    for line in block.splitlines()[1:]:
        key = line.split(":")[0].strip()
        names = re.findall(r"'([^']+)'", line)
        for name in names:
            kept = ", ".join(f"'{other}'" for other in names if other != name)
            found.append(Mutation(f"{key}: {name}", line, f"  {key}: [{kept}]"))
    return found


def _settings() -> list[Mutation]:
    one_line = re.findall(r"^ +\{ name: '[^']+', value: .*\}\n", _MAIN, re.MULTILINE)
    many_lines = re.findall(r"^ +\{\n +name: '[^']+'\n +value: .*\n +\}\n", _MAIN, re.MULTILINE)
    chosen = re.findall(r"^  [A-Z_]{5,}: .*\n", _MAIN[: _MAIN.index("var labSettings")], re.MULTILINE)
    pieces = [piece for piece in one_line + many_lines if "pe-" not in piece] + chosen
    return [Mutation(re.sub(r"\s+", " ", piece).strip()[:60], piece) for piece in pieces]


_ALL = _roles() + _settings()
# The case leaves OWNER_HEADER out, since Entra names the owner: without the line nothing would change.
_FELT = [one for one in _ALL if "OWNER_HEADER" not in one.name]
_CHOSEN = _FELT if os.environ.get("INFRA_MUTATIONS") == "all" else _FELT[::_SAMPLE_EVERY]


def test_mutations_cover_everything(predictions: dict[str, Prediction]) -> None:
    """There is a mutation for every role and every setting of the fullest case."""
    fullest = predictions["existing-openai"]
    assert len(_roles()) == len(fullest.roles)
    assert len(_FELT) - len(_roles()) == len(fullest.settings)


@pytest.mark.parametrize("mutation", _CHOSEN, ids=lambda one: one.name)
def test_a_missing_piece_is_noticed(mutation: Mutation, compiler: Compiler, infra_copy: Path) -> None:
    """A deployment without one of its roles or settings still compiles, and is complained of."""
    main = infra_copy / "main.bicep"
    assert _MAIN.count(mutation.piece) == 1
    main.write_text(_MAIN.replace(mutation.piece, mutation.instead), "utf-8")
    # An identity whose role was taken out may leave something unused behind, which is no matter of this test.
    (infra_copy / "bicepconfig.json").write_text("{}", "utf-8")
    assert complaints(Prediction(mutation.case, compiler.predict(infra_copy, mutation.case)))
