"""What a queue function is given of a message, and what becomes of a message whose function failed. Pure.

Behaviour as measured (functions-host-measured.md, 11), the rest as host.json's documentation says.
"""

import base64
import binascii
from datetime import datetime
from typing import Literal

Encoding = Literal["base64", "none"]
Fate = Literal["deliver", "poison"]
Ending = Literal["again", "poison", "leave"]

_POISON = "-poison"


class EncodingError(Exception):
    """The text of a message is not what ``messageEncoding`` says."""


def decoded(raw: str, encoding: Encoding) -> str:
    """The body behind a message's text; raises EncodingError."""
    if encoding == "none":
        return raw
    try:
        return base64.b64decode(raw, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError) as error:
        raise EncodingError("its text is not base64, as messageEncoding in host.json demands") from error


def poison_queue(queue: str) -> str | None:
    """Where a queue's dead messages go; a queue of dead messages has no such place."""
    return None if queue.endswith(_POISON) else f"{queue}{_POISON}"


def fate(dequeue_count: int, limit: int) -> Fate:
    """What to do with a message that was received: one that is over the limit had its last try in a host that died."""
    return "poison" if dequeue_count > limit else "deliver"


def ending(queue: str, dequeue_count: int, limit: int) -> Ending:
    """What to do with a message whose function failed; without a poison queue it is left to its lease."""
    if poison_queue(queue) is None:
        return "leave"
    return "poison" if dequeue_count >= limit else "again"


def metadata(
    *,
    message_id: str,
    dequeue_count: int,
    pop_receipt: str,
    inserted: datetime | None,
    expires: datetime | None,
    next_visible: datetime | None,
) -> dict[str, str | int]:
    """The trigger metadata under the host's names, times as it writes them."""
    times = {"InsertionTime": inserted, "ExpirationTime": expires, "NextVisibleTime": next_visible}
    return {
        "Id": message_id,
        "DequeueCount": dequeue_count,
        "PopReceipt": pop_receipt,
        **{name: moment.isoformat() for name, moment in times.items() if moment is not None},
    }
