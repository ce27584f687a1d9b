"""Which versions a host runs."""

import pytest

from local.functions_host.versions import Match, Versions


@pytest.mark.parametrize(
    ("own", "match", "asked", "runs"),
    [
        (None, "CurrentOrOlder", None, True),
        (None, "CurrentOrOlder", "2.0", False),
        ("1.10", "CurrentOrOlder", None, True),
        ("1.10", "CurrentOrOlder", "1.9", True),
        ("1.10", "CurrentOrOlder", "1.10", True),
        ("1.10", "CurrentOrOlder", "1.11", False),
        ("1.10", "CurrentOrOlder", "1.10.0", False),
        ("b", "CurrentOrOlder", "A", True),
        ("b", "CurrentOrOlder", "c", False),
        ("1.10", "Strict", "1.10", True),
        ("1.10", "Strict", "1.9", False),
        ("1.10", "Strict", None, False),
        ("1.10", "None", "2.0", True),
    ],
)
def test_version_is_run_or_refused(own: str | None, match: Match, asked: str | None, *, runs: bool) -> None:
    """Numbers are compared as numbers, texts without case; no version is older than every other."""
    assert (Versions(own, match).refusal(asked) is None) is runs
