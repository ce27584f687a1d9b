"""JSON text as the host stores and sends it: no blanks, no escapes that are not needed."""

import json
from typing import Any


def compact(value: Any) -> str:
    """The text of a value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
