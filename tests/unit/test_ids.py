"""Rules of identifiers."""

from hypothesis import given
from hypothesis import strategies as st

from shared.ids import JobId, digest, invert, new_ulid, owner_key, parse_generation_id

ulids = st.integers(0, 2**128 - 1).map(
    lambda number: "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[(number >> shift) & 31] for shift in range(125, -1, -5))
)


@given(ulids)
def test_inverted_ulid_is_read_back(ulid: str) -> None:
    """A row key leads back to the job it belongs to: inverting twice changes nothing."""
    assert invert(JobId(ulid).inv) == ulid


@given(ulids, ulids)
def test_inverted_ulids_sort_newest_first(one: str, other: str) -> None:
    """A plain ascending range of inverted ULIDs is newest first."""
    assert (one < other) == (invert(one) > invert(other))


@given(st.text())
def test_foreign_text_is_no_job_id(text: str) -> None:
    """Only what we mint is read as an id; anything else is None, never an exception."""
    parsed = JobId.parse(text)
    assert parsed is None or str(parsed) == text


@given(ulids, st.integers(0, 99))
def test_generation_id_is_derived_from_its_job(ulid: str, n: int) -> None:
    """A generation's id names its job and its number."""
    job = JobId(ulid)
    assert parse_generation_id(job.generation(n)) == (job, n)


def test_ulids_of_one_process_are_distinct() -> None:
    """Ids minted in the same millisecond differ."""
    assert len({new_ulid() for _ in range(1000)}) == 1000


def test_owner_key_tells_nothing_of_the_owner() -> None:
    """The partition key holds a hash in a form that row keys may carry."""
    key = owner_key("someone@example.com")
    assert key.isalnum()
    assert "someone" not in key
    assert key == owner_key("someone@example.com") != owner_key("someone@example.org")


def test_digest_tells_parts_apart() -> None:
    """Moving text from one part to the next changes the digest."""
    assert digest("ab", "c") != digest("a", "bc")
