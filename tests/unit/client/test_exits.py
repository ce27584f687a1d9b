"""The exit codes, which scripts rely on."""

import pytest

from client.exits import MEANING, Exit, exit_of


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 2), (401, 4), (403, 4), (404, 3), (409, 2), (413, 2), (415, 2), (422, 2), (429, 5), (500, 5), (503, 5)],
)
def test_exit_of_maps_every_kind_of_problem(status: int, code: int) -> None:
    """A wrong request, a missing thing, a missing key and a failing lab have an exit code each."""
    assert exit_of(status) == code


def test_every_exit_code_is_documented() -> None:
    """What the command can end with stands in its help."""
    assert set(MEANING) == set(Exit)
