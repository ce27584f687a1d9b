"""Cutting a list into pages by the ids at their edges. It knows no route and nothing of what is listed."""

from collections.abc import Sequence
from dataclasses import dataclass

from local.azure_openai import errors
from local.azure_openai.state import Render


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and whether more follow in the direction asked for."""

    renders: Sequence[Render]
    has_more: bool

    @property
    def first_id(self) -> str | None:
        """Id of the first item, None on an empty page."""
        return self.renders[0].id if self.renders else None

    @property
    def last_id(self) -> str | None:
        """Id of the last item, None on an empty page."""
        return self.renders[-1].id if self.renders else None


def page(renders: Sequence[Render], *, limit: int, after: str | None = None, before: str | None = None) -> Page:
    """Return up to `limit` items behind `after`, or those just ahead of `before`.

    Raises 404 for an edge that is not in the list, as one is that was deleted or has expired (undocumented: our
    choice, so that a listing which lost its place cannot be taken for complete).
    """
    ahead = renders[: _place(renders, before, "before")] if before else renders
    rest = ahead[_place(ahead, after, "after") + 1 :] if after else ahead
    backwards = before and not after
    cut = rest[max(0, len(rest) - limit) :] if backwards else rest[:limit]
    return Page(cut, has_more=len(rest) > len(cut))


def _place(renders: Sequence[Render], identity: str, param: str) -> int:
    for place, render in enumerate(renders):
        if render.id == identity:
            return place
    raise errors.ApiError(404, f"No item with id '{identity}' to list from.", errors.INVALID, param)
