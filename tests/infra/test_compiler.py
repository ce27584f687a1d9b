"""Rules of the Bicep files as text: the compiler finds nothing to say, and predicts what was reviewed."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.compiler import CASES, INFRA, Compiler
from tests.infra.prediction import Prediction

_FILES = sorted(
    path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*") if path.suffix in {".bicep", ".bicepparam"}
)


def test_nothing_to_lint(compiler: Compiler) -> None:
    """The compiler has no warning for the deployment, for what `azd` fills in, nor for any case."""
    compiler.check("lint", INFRA / "main.bicep")
    compiler.check("lint", "--pattern", INFRA / "**" / "*.bicepparam")


def test_deployment_builds(compiler: Compiler, infra_copy: Path) -> None:
    """The deployment compiles to one template without a warning, and takes no secret: it needs none."""
    template = json.loads(compiler.check("build", infra_copy / "main.bicep", "--stdout"))
    kinds = {name: one.get("type", "") for name, one in template["parameters"].items()}
    assert not [name for name, kind in kinds.items() if kind.lower().startswith("secure")]


def test_parameters_build(compiler: Compiler) -> None:
    """The parameters of an empty environment are those of a deployment without a model."""
    built = json.loads(
        json.loads(compiler.check("build-params", INFRA / "main.bicepparam", "--stdout"))["parametersJson"]
    )
    assert built["parameters"]["openAI"]["value"] is None
    assert built["parameters"]["privateNetwork"]["value"] is False


def test_format_is_the_compilers(compiler: Compiler, infra_copy: Path) -> None:
    """Every file is written as `bicep format` writes it."""
    compiler.check("format", "--pattern", infra_copy / "**" / "*.bicep")
    compiler.check("format", "--pattern", infra_copy / "cases" / "*.bicepparam")
    written = {name: (infra_copy / name).read_text("utf-8") for name in _FILES}
    assert [name for name in _FILES if written[name] != (INFRA / name).read_text("utf-8")] == []


def test_no_module_comes_from_a_registry() -> None:
    """Everything that is deployed stands in this repository: no module is fetched from anywhere."""
    for name in _FILES:
        assert not re.search(r"'(br|ts)[:/]", (INFRA / name).read_text("utf-8")), name


@pytest.mark.parametrize("name", [name for name in _FILES if name.endswith(".bicep")])
def test_everything_is_described(name: str) -> None:
    """Every file says what it is for, every parameter and output what it means, and whether it is needed."""
    text = (INFRA / name).read_text("utf-8")
    assert text.startswith("metadata name = ")
    assert "\nmetadata description = " in text
    for described, kind, what in re.findall(r"((?:^@.*\n(?:^ .*\n)*)*)^(param|output) (\w+)", text, re.MULTILINE):
        assert "@description('" in described, what
        if kind == "param":
            assert re.search(r"@description\('(Required|Optional|Conditional)\. ", described), what


@pytest.mark.parametrize("case", CASES)
def test_prediction_is_the_reviewed_one(case: str, predictions: dict[str, Prediction]) -> None:
    """What a case would create is what was reviewed; `make infra-snapshots` writes a change down for review."""
    reviewed = json.loads((INFRA / "cases" / f"{case}.snapshot.json").read_text("utf-8"))
    assert predictions[case].document == reviewed


def test_predictions_have_no_diagnostics(predicted: Prediction) -> None:
    """The compiler could predict every resource of every case, and had nothing to say."""
    assert predicted.document["diagnostics"] == []
