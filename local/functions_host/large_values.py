"""Values that the Azure Storage provider keeps apart: above about 30,000 characters they go to a blob, and every replay
reads them again (functions-host.md, 7.1). Here they only cost a line in the log.
"""

import logging

LARGE_CHARACTERS = 30_000

_log = logging.getLogger("host.sizes")


def warn_if_large(who: str, what: str, text: str | None) -> None:
    """Tell of a value that is better passed by reference; ``who`` and ``what`` say whose it is."""
    if text is not None and len(text) > LARGE_CHARACTERS:
        _log.warning(
            "%s: %s has %d characters; above about %d, Azure keeps it in a blob that every replay reads again",
            *(who, what, len(text), LARGE_CHARACTERS),
        )
