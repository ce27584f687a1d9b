"""Where downloads go: files that are complete or not there. Knows the file system and nothing of the API."""

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """Write beside `path` and move the result there at the end; on any fault `path` is left as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}.part")  # beside it, so that the move is one rename
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def target(out: str, name: str, *, index: int = 0, of: int = 1) -> Path:
    """Turn what the user said with --out into the path of one file.

    A directory (one that exists, ends in a slash, or has no suffix) gets `name`, reduced to a plain file name, since a
    server chose it. A file is taken as it is; where there are several, each gets its index before the suffix.
    """
    path = Path(out).expanduser()
    if out.endswith(("/", os.sep)) or path.is_dir() or not path.suffix:
        return path / _plain(name)
    return path if of == 1 else path.with_name(f"{path.stem}-{index}{path.suffix}")


def _plain(name: str) -> str:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(character for character in last if character.isprintable()).strip(" .")
    return kept or "video.mp4"
