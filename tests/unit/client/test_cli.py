"""What the command makes of its words, before anything is sent."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from client.cli import app
from client.exits import Exit

NOWHERE = {"LAB_URL": None, "LAB_KEY": None, "LAB_STATE": "/nonexistent"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "a kite", "--seconds", "soon"], ["--seconds", "integer"]),
        (["generate", "-a kite"], ["-a", "put -- before it"]),
        (["generate", "a kite", "--secs", "4"], ["--secs", "--seconds"]),
        (["generate", "a", "kite"], ["kite"]),
        (["generate"], ["PROMPT"]),
        (["jobs", "--state", "odd"], ["odd", "queued"]),
        (["jobs", "--limit", "0"], ["--limit"]),
        (["fly"], ["fly"]),
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], words: list[str]) -> None:
    """What is wrong on the command line is named, with exit code 2 and nothing on standard output."""
    result = CliRunner().invoke(app, arguments, env=NOWHERE, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (Exit.INVALID, "")
    for word in words:
        assert word in result.stderr


def test_without_a_lab_the_command_says_what_to_set() -> None:
    """Without an address and without a running stack the command names both ways out."""
    result = CliRunner().invoke(app, ["jobs"], env=NOWHERE, catch_exceptions=False)
    assert result.exit_code == Exit.INVALID
    assert "LAB_URL" in result.stderr
    assert "make up" in result.stderr


@pytest.mark.parametrize("prompt", [b"\xff\xfe", b"a \xe4 in latin-1"])
def test_a_prompt_that_is_not_utf8_is_refused(prompt: bytes) -> None:
    """Standard input that is not text is refused before anything is sent."""
    result = CliRunner().invoke(app, ["generate", "-"], input=prompt, env=NOWHERE, catch_exceptions=False)
    assert result.exit_code == Exit.INVALID
    assert "UTF-8" in result.stderr


def test_help_lists_every_exit_code() -> None:
    """Scripts find the exit codes in the help."""
    text = CliRunner().invoke(app, ["--help"]).stdout
    for code in Exit:
        assert f"{code.value:>3}  " in text


def test_the_package_knows_httpx_in_one_module() -> None:
    """The HTTP library can be changed in one place."""
    package = Path(__file__).parents[3] / "client"
    assert [path.name for path in package.glob("*.py") if "import httpx" in path.read_text()] == ["transport.py"]
