"""Rules of what a request may ask for, and what it costs."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from shared.http import field_errors
from shared.lanes import Lane, Pool, catalogue
from shared.models.job import JobRequest
from shared.pricing import quote, settled
from shared.submission import Invalid, Terms, terms


def _pool(model: str) -> Pool:
    known = catalogue().models[model].model_dump(exclude={"price_source", "retirement_source"})
    lane = Lane.model_validate(
        known | {"name": model, "model": model, "endpoint": "http://127.0.0.1:1/v1", "deployment": model}
    )
    return Pool(model=model, lanes=(lane,))


_POOLS = {model: _pool(model) for model in ("sora-2", "sora", "sora-2-pro")}


def _terms(**fields: object) -> Terms | Invalid:
    return terms(JobRequest.model_validate({"prompt": "a fox"} | fields), _POOLS)


def test_defaults_come_from_the_first_model() -> None:
    """A prompt alone is enough."""
    complete = _terms()
    assert isinstance(complete, Terms)
    assert (complete.pool.model, complete.size, complete.seconds) == ("sora-2", "1280x720", 4)


@pytest.mark.parametrize(
    ("fields", "pointer", "allowed"),
    [
        ({"model": "veo"}, "/model", "sora-2, sora or sora-2-pro"),
        ({"size": "1920x1080"}, "/size", "1280x720 or 720x1280"),
        ({"seconds": 5}, "/seconds", "4, 8 or 12"),
        ({"variants": 2}, "/variants", "at most 1"),
        ({"model": "sora", "size": "1920x1080", "seconds": 11}, "/seconds", "9 or 10"),
        ({"model": "sora", "size": "1920x1080", "seconds": 10, "variants": 2}, "/variants", "at most 1"),
        ({"model": "sora", "size": "1280x720", "variants": 3}, "/variants", "at most 2"),
    ],
)
def test_what_the_model_does_not_take_names_what_it_takes(
    fields: dict[str, object], pointer: str, allowed: str
) -> None:
    """Nothing is silently changed: a refused value is named with the allowed ones."""
    invalid = _terms(**fields)
    assert isinstance(invalid, Invalid)
    assert invalid.errors[0].pointer == pointer
    assert allowed in invalid.errors[0].detail


def test_the_seeds_words_mean_the_same() -> None:
    """`n_seconds`, `n_variants`, width and height are taken as seconds, variants and size."""
    complete = _terms(model="sora", n_seconds=7, n_variants=2, width=720, height=720)
    assert isinstance(complete, Terms)
    assert (complete.size, complete.seconds) == ("720x720", 7)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"prompt": ""}, "/prompt"),
        ({"prompt": " \n"}, "/prompt"),
        ({"prompt": 7}, "/prompt"),
        ({"prompt": "x" * 32_001}, "/prompt"),
        ({"prompt": "\U0001f98a" * 16_001}, "/prompt"),
        ({"prompt": "\ud800"}, "/prompt"),
        ({"seconds": True}, "/seconds"),
        ({"seconds": "8"}, "/seconds"),
        ({"size": "big"}, "/size"),
        ({"width": 1280}, ""),
        ({"width": 1280, "height": 720, "size": "720x1280"}, ""),
        ({"deadline_s": 5}, "/deadline_s"),
        ({"priority": "urgent"}, "/priority"),
        ({"metadata": {"a": 1}}, "/metadata/a"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "/metadata"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_bad_field_is_pointed_at(fields: dict[str, object], pointer: str) -> None:
    """Each invalid value gives a JSON pointer and a sentence."""
    with pytest.raises(ValidationError) as caught:
        JobRequest.model_validate({"prompt": "a fox"} | fields)
    assert [error.pointer for error in field_errors(caught.value)] == [pointer]


def test_a_price_is_exact_or_unknown() -> None:
    """Eight seconds of Sora 2 cost 0.80; where nobody told us a price it is unknown, never zero."""
    assert quote(_POOLS["sora-2"].lanes[0], "1280x720", 8, 1) == Decimal("0.8000")
    assert quote(_POOLS["sora-2-pro"].lanes[0], "1920x1080", 4, 1) == Decimal("2.8000")
    assert quote(_POOLS["sora"].lanes[0], "1280x720", 8, 1) is None


def test_fewer_variants_cost_less() -> None:
    """What was not made is not charged."""
    assert settled(Decimal("2.00"), 4, 3) == Decimal("1.5000")
    assert settled(Decimal("2.00"), 4, 4) == Decimal("2.00")
    assert settled(None, 4, 3) is None
