"""Rules of the API's own description."""

import json
import tomllib
from pathlib import Path

import function_app
from shared import openapi
from shared.models.problem import CATALOGUE, Code
from shared.version import VERSION

_ROOT = Path(__file__).parents[2]


def _routes() -> set[tuple[str, str, str]]:
    bindings = (
        (function.get_function_name(), json.loads(raw))
        for function in function_app.all_functions().get_functions()
        for raw in function.get_raw_bindings()
    )
    return {
        (method.lower(), f"/{binding['route']}", name)
        for name, binding in bindings
        if binding["type"] == "httpTrigger"
        for method in binding["methods"]
    }


def test_document_names_every_route_and_no_other() -> None:
    """What is registered is described under its function's name, and nothing else is."""
    assert {(one.method, one.path, one.id) for one in openapi.OPERATIONS} == _routes()


def test_no_two_templates_match_one_url() -> None:
    """The host tries templates by function name: of two that match one URL and verb, one is never reached."""
    templates = {(method, *path.strip("/").split("/")) for method, path, _ in _routes()}
    for one in templates:
        for other in templates - {one}:
            clash = len(one) == len(other) and all(
                a == b or a.startswith("{") or b.startswith("{") for a, b in zip(one, other, strict=True)
            )
            assert not clash, f"{one} and {other}"


def test_committed_document_is_the_built_one() -> None:
    """docs/openapi.json is what the app serves; `make openapi` writes it anew."""
    committed = json.loads((_ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(openapi.document(VERSION)))


def test_the_page_of_problems_is_the_catalogue() -> None:
    """docs/problems.md says of every code what the catalogue says: status or money, meaning, advice, if to retry."""
    text = (_ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert set(CATALOGUE) == set(Code)
    answers = list(Code)[: list(Code).index(Code.MODERATED_INPUT)]
    ends = [code for code in Code if CATALOGUE[code].money]
    assert {*answers, *ends} == set(Code)
    assert rows == [_row(code, str(CATALOGUE[code].status)) for code in answers] + [
        _row(code, " or ".join(f"`{word}`" for word in CATALOGUE[code].money)) for code in ends
    ]


def _row(code: Code, first: str) -> str:
    entry = CATALOGUE[code]
    return f"| `{code}` | {first} | {entry.title} | {entry.advice} | {'yes' if entry.retry_helps else 'no'} |"


def test_version_is_said_once() -> None:
    """pyproject.toml and the deployed code name the same version."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
