"""Pages of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure_openai.errors import ApiError
from local.azure_openai.models import Dialect
from local.azure_openai.paging import page
from local.azure_openai.state import Order, Phase, Plan, Render, Stage

ORDER = Order(Dialect.VIDEOS, "sora-2", "a fox", 1280, 720, 8)
PLAN = Plan((Stage(Phase.QUEUED, 1, 0),))


def renders(count: int) -> list[Render]:
    """That many renders, named by their place."""
    return [Render(str(n), n, ORDER, "sora-2", 0, PLAN, ()) for n in range(count)]


@given(st.integers(0, 30), st.integers(1, 7))
def test_pages_walked_forwards_are_the_list(count: int, limit: int) -> None:
    """Following `last_id` while there is more gives every item once, in order."""
    found, after = [], None
    while True:
        cut = page(renders(count), limit=limit, after=after)
        found += [one.id for one in cut.renders]
        after = cut.last_id
        if not cut.has_more:
            break
    assert found == [str(n) for n in range(count)]


@given(st.integers(1, 30), st.integers(1, 7))
def test_pages_walked_backwards_are_the_list_too(count: int, limit: int) -> None:
    """Following `first_id` with `before` gives every earlier item once."""
    found, before, has_more = [], str(count - 1), True
    while has_more:
        cut = page(renders(count), limit=limit, before=before)
        found = [one.id for one in cut.renders] + found
        before, has_more = cut.first_id, cut.has_more
    assert found == [str(n) for n in range(count - 1)]


def test_page_between_two_edges_begins_behind_the_first() -> None:
    """With both edges the page follows `after` and stops before `before`."""
    cut = page(renders(9), limit=3, after="1", before="4")
    assert ([one.id for one in cut.renders], cut.has_more) == (["2", "3"], False)


def test_edge_that_is_not_in_the_list_is_404() -> None:
    """A lost place is told, never skipped."""
    with pytest.raises(ApiError) as refused:
        page(renders(3), limit=1, after="gone")
    assert refused.value.status == 404
