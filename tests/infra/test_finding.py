"""Rules of a machine without the compiler: a named skip for people, a failure in CI."""

from pathlib import Path

import pytest

from tests.infra import compiler


@pytest.mark.parametrize(("in_ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_compiler_is_never_silent(
    in_ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a compiler the tests that need one are skipped with what would un-skip them; in CI they fail."""
    monkeypatch.delenv("BICEP", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", in_ci)
    monkeypatch.setattr(compiler, "_BESIDE", tmp_path / "bicep")
    with pytest.raises(outcome, match="name it in BICEP"):
        compiler.find()


def test_named_compiler_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """BICEP is used whatever else is there."""
    monkeypatch.setenv("BICEP", "/somewhere/bicep")
    assert compiler.find().path == "/somewhere/bicep"
