"""Where films are drawn: a queue, one thread that works it off, and a folder of what is finished.

It knows films and files; it knows no renders and no requests.
"""

import asyncio
import hashlib
import logging
import queue
import threading
from pathlib import Path
from typing import Protocol

from local.azure_openai.clock import Clock
from local.azure_openai.film import Film, PictureKind, Stopped, draw, spritesheet, thumbnail

_log = logging.getLogger(__name__)
_WAIT_S = 0.05


class Films(Protocol):
    """What the emulator asks of whoever makes its films; a simulation may bring a cheaper one."""

    def order(self, film: Film) -> None:
        """Have a film drawn, unless it is drawn or queued already."""
        ...

    def ready_at(self, film: Film) -> float | None:
        """When the film became complete, for one that was ordered; None while it is not."""
        ...

    def has_failed(self, film: Film) -> bool:
        """Whether the film could not be drawn."""
        ...

    async def path(self, film: Film) -> Path:
        """Return the finished file, drawing it first where that is still to be done."""
        ...

    async def picture(self, film: Film, kind: PictureKind) -> bytes:
        """Return the film's thumbnail."""
        ...

    async def sheet(self, film: Film) -> bytes:
        """Return the film's sprite sheet, a JPEG."""
        ...

    def keep_opening(self, picture: bytes) -> str:
        """Keep a picture that a film is to begin with; return its name."""
        ...

    def close(self) -> None:
        """Stop at once; what is half drawn is drawn anew the next time."""
        ...


class Studio:
    """Draws real films. Finished files stay, so the same film is drawn only once."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._openings = folder / "openings"
        self._openings.mkdir(parents=True, exist_ok=True)
        self._queue: queue.SimpleQueue[Film | None] = queue.SimpleQueue()
        self._ordered: set[str] = set()
        self._ready_at: dict[str, float] = {}
        self._failed: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="studio", daemon=True)
        self._thread.start()

    def order(self, film: Film) -> None:
        """Have a film drawn, unless it is drawn or queued already."""
        if film.key in self._ordered:
            return
        self._ordered.add(film.key)
        if self._file(film).exists():
            self._ready_at[film.key] = self._clock.now()
        else:
            self._queue.put(film)

    def ready_at(self, film: Film) -> float | None:
        """When the film became complete, for one that was ordered; None while it is not."""
        return self._ready_at.get(film.key)

    def has_failed(self, film: Film) -> bool:
        """Whether the film could not be drawn."""
        return film.key in self._failed

    async def path(self, film: Film) -> Path:
        """Return the finished file, drawing it first where that is still to be done."""
        self.order(film)
        while self.ready_at(film) is None:
            if self.has_failed(film) or self._stopped.is_set():
                raise RuntimeError(f"the film {film.key} could not be drawn")
            await asyncio.sleep(_WAIT_S)
        return self._file(film)

    async def picture(self, film: Film, kind: PictureKind) -> bytes:
        """Return the film's thumbnail."""
        path = self._folder / f"{film.key}.{kind}"
        if not path.exists():
            _write(path, await asyncio.to_thread(thumbnail, film, self._openings, kind))
        return path.read_bytes()

    async def sheet(self, film: Film) -> bytes:
        """Return the film's sprite sheet, a JPEG."""
        path = self._folder / f"{film.key}.sheet.jpeg"
        if not path.exists():
            _write(path, await asyncio.to_thread(spritesheet, film, self._openings))
        return path.read_bytes()

    def keep_opening(self, picture: bytes) -> str:
        """Keep a picture that a film is to begin with; return its name."""
        name = hashlib.sha256(picture).hexdigest()[:40]
        _write(self._openings / name, picture)
        return name

    def close(self) -> None:
        """Stop at once; what is half drawn is drawn anew the next time."""
        self._stopped.set()
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (film := self._queue.get()) and not self._stopped.is_set():
            unfinished = self._file(film).with_suffix(".part")
            try:
                draw(film, unfinished, openings=self._openings, is_stopped=self._stopped.is_set)
            except Stopped:
                unfinished.unlink(missing_ok=True)
            except Exception:  # noqa: BLE001 -- whatever it was, its render fails and the next film is drawn
                _log.exception("the film %s could not be drawn", film.key)
                self._failed.add(film.key)
            else:
                unfinished.replace(self._file(film))
                self._ready_at[film.key] = self._clock.now()

    def _file(self, film: Film) -> Path:
        return self._folder / f"{film.key}.mp4"


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is either there in full or not at all."""
    unfinished = path.with_suffix(f"{path.suffix}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
