"""What becomes of queue messages."""

import pytest

from local.functions_host.queue_messages import EncodingError, decoded, ending, fate


@pytest.mark.parametrize(("raw", "body"), [("w6Q=", "ä"), ("", ""), ("/w==", "\N{REPLACEMENT CHARACTER}")])
def test_base64_is_decoded_to_text(raw: str, body: str) -> None:
    """What is no UTF-8 shows as replacement characters, as a .NET string would."""
    assert decoded(raw, "base64") == body


def test_text_that_is_not_base64_is_refused() -> None:
    """Unless host.json says that messages are not encoded."""
    with pytest.raises(EncodingError):
        decoded("plain2 hello", "base64")
    assert decoded("plain2 hello", "none") == "plain2 hello"


def test_message_over_the_limit_is_not_delivered() -> None:
    """The last allowed delivery still takes place; one more means that the host died during it."""
    assert (fate(5, 5), fate(6, 5)) == ("deliver", "poison")


def test_failed_message_comes_again_until_the_limit() -> None:
    """Then it is poison; in a poison queue itself it is left alone, or it would come again at once for ever."""
    assert [ending("work", count, 5) for count in (1, 4, 5)] == ["again", "again", "poison"]
    assert ending("work-poison", 5, 5) == "leave"
