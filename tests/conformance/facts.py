"""The facts: what the real host was seen to answer. Knows files only."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "facts"


def of_group(group: str) -> dict[str, dict[str, Any]]:
    """The facts of one group, by the name of their trace."""
    return {fact["trace"]: fact for fact in json.loads((FOLDER / f"{group}.json").read_text())}
