"""The resource: it accepts orders within its limits, remembers renders, and knows what each one is at this moment.

Both dialects stand on it. It knows no URL and no wire format.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

from local.azure_openai import behaviours, errors, limits
from local.azure_openai.clock import Clock
from local.azure_openai.config import Quirk, Settings
from local.azure_openai.fault_book import FaultBook
from local.azure_openai.film import Film, Quality
from local.azure_openai.models import MODELS, Dialect, Model
from local.azure_openai.state import (
    Failure,
    Look,
    Order,
    Phase,
    Render,
    Retention,
    is_expired,
    leaves_flight_at,
    look,
)
from local.azure_openai.store import Refusal, Store
from local.azure_openai.studio import Films

_KEY = "key"
_KINDS = {Dialect.VIDEOS: "Video", Dialect.JOBS: "Job"}


class Emulator:
    """One resource with its deployments."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
        films: Films,
        mint: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.settings = replace(settings, key=store.facts.get(_KEY, settings.key))
        self.clock, self.store, self.films = clock, store, films
        self.faults = FaultBook(store, clock)
        self.retention = Retention(settings.profile.retention_s, settings.profile.retention_begins_at_end)
        self._mint = mint
        self._being_drawn: set[str] = set()
        for render in store.renders.values():
            self._have_drawn(render)

    def model_of(self, deployment: str, dialect: Dialect) -> Model:
        """Return the model behind a deployment. Raises 404 for none, 400 for one the dialect is not for."""
        model = self.settings.model_of(deployment)
        if model is None:
            raise errors.no_such_deployment(deployment)
        if model.dialect is not dialect:
            raise errors.not_supported("video generation", deployment)
        return model

    def create(self, order: Order) -> Render:
        """Accept a valid order. Raises 429 for cap and rate, in that order, then 400 for moderation."""
        now, model = self.clock.now(), self.model_of(order.deployment, order.dialect)
        try:
            self._check_limits(order.deployment, model, now)
        except errors.ApiError as refused:
            self._note(order, reason=refused.message, counts=False)
            raise
        if behaviours.is_refused(order):
            self._note(order, reason="moderation", counts=True)
            raise errors.moderated()
        script = behaviours.script(
            order, render_s=self.settings.render_s, failing_sizes=self.settings.profile.failing_sizes
        )
        render = Render(
            id=self._id(order.dialect),
            number=self.store.next_number,
            order=order,
            model=model.name,
            created_at=now,
            plan=script.plan,
            generation_ids=tuple(f"gen_{self._ulid()}" for _ in range(script.films)),
        )
        self.store.save(render)
        self._have_drawn(render)
        return render

    def find(self, dialect: Dialect, identity: str) -> Render:
        """Return a render that is still there. Raises 404 for one that never was, was deleted or has expired."""
        self.settle()
        render = self.store.renders.get(identity)
        if render is None or render.order.dialect is not dialect or not self._is_shown(render):
            raise errors.not_found(_KINDS[dialect], identity)
        return render

    def find_generation(self, identity: str) -> tuple[Render, int]:
        """Return a finished job and which of its films a generation is. Raises 404."""
        for render in self.all_of(Dialect.JOBS):
            if identity in render.generation_ids and self.look(render).phase is Phase.SUCCEEDED:
                return render, render.generation_ids.index(identity)
        raise errors.not_found("Generation", identity)

    def all_of(self, dialect: Dialect) -> list[Render]:
        """Return the renders of a dialect that are still there, newest first."""
        self.settle()
        shown = [one for one in self.store.renders.values() if one.order.dialect is dialect and self._is_shown(one)]
        return sorted(shown, key=lambda render: (render.created_at, render.number), reverse=True)

    def look(self, render: Render) -> Look:
        """Return what a render is now."""
        seen = look(render, self.clock.now())
        return Look(Phase.EXPIRED, seen.progress) if self.is_expired(render) else seen

    def is_expired(self, render: Render) -> bool:
        """Whether the time of keeping a render is over."""
        return is_expired(render, self.retention, self.clock.now())

    def delete(self, dialect: Dialect, identity: str) -> Render:
        """Remove a render that has ended. Raises 404, and 400 for one that is in flight (undocumented: our choice)."""
        render = self.find(dialect, identity)
        if not self.look(render).phase.is_final:
            message = f"{_KINDS[dialect]} '{identity}' is in progress and cannot be deleted until it has ended."
            raise errors.ApiError(400, message, errors.INVALID, code="in_progress")
        self.store.save(replace(render, deleted_at=self.clock.now()))
        return render

    def rotate_key(self, key: str) -> None:
        """Take another key from now on, and the old one no longer."""
        self.settings = replace(self.settings, key=key)
        self.store.remember(_KEY, key)

    def accept_later(self, identity: str, seconds: float) -> None:
        """Have a render that was just accepted be accepted only then: until that moment nobody has heard of it."""
        render = self.store.renders[identity]
        self.store.save(replace(render, created_at=render.created_at + seconds))

    def let_vanish(self, identity: str, seconds: float) -> None:
        """Have a render be forgotten then."""
        self.store.save(replace(self.store.renders[identity], vanishes_at=self.clock.now() + seconds))

    def let_expire(self, identity: str, seconds: float) -> None:
        """Have a render be kept only until then."""
        self.store.save(replace(self.store.renders[identity], kept_until=self.clock.now() + seconds))

    def mark_foreign(self, render: Render) -> Render:
        """Note that another client of the resource had it made."""
        foreign = replace(render, is_foreign=True)
        self.store.save(foreign)
        return foreign

    def has_arrived(self, render: Render) -> bool:
        """Whether a render is accepted by now."""
        return render.created_at <= self.clock.now()

    def film(self, render: Render, take: int = 0, quality: Quality = "high") -> Film:
        """Return one of the films of a render."""
        order = render.order
        return Film(
            prompt=order.prompt,
            width=order.width,
            height=order.height,
            seconds=order.seconds,
            has_audio=order.dialect is Dialect.VIDEOS,
            take=take,
            opening=order.opening,
            quality=quality,
        )

    def _check_limits(self, deployment: str, model: Model, now: float) -> None:
        self.settle()
        arrived = (render for render in self.store.renders.values() if self.has_arrived(render))
        own = [render for render in arrived if render.order.deployment == deployment]
        limits.check_cap(
            (leaves_flight_at(render, self.retention) for render in own),
            cap=self.settings.cap(model),
            now=now,
            tells_when=self.settings.has(Quirk.RETRY_AFTER_ON_CAP),
        )
        refused = (refusal.at for refusal in self.store.refusals if refusal.counts and refusal.deployment == deployment)
        limits.check_rate([*(render.created_at for render in own), *refused], rate=self.settings.rate(model), now=now)

    def _note(self, order: Order, *, reason: str, counts: bool) -> None:
        at = self.clock.now()
        self.store.note(Refusal(at, order.dialect, order.deployment, order.prompt, reason, counts=counts))

    def _is_shown(self, render: Render) -> bool:
        has_vanished = render.vanishes_at is not None and self.clock.now() >= render.vanishes_at
        if render.deleted_at is not None or has_vanished or not self.has_arrived(render):
            return False
        return self.settings.has(Quirk.EXPIRED_STATUS) or not self.is_expired(render)

    def _films(self, render: Render) -> Iterator[Film]:
        return (self.film(render, take) for take in range(len(render.generation_ids)))

    def _have_drawn(self, render: Render) -> None:
        """Order the films of a render that waits for them: a new one, or one from before a restart."""
        is_waiting = render.generation_ids and render.films_ready_at is None and not render.plan.failure
        if is_waiting and render.deleted_at is None and not self.is_expired(render):
            self._being_drawn.add(render.id)
            for film in self._films(render):
                self.films.order(film)

    def settle(self) -> None:
        """Record which renders have got their films since the last time."""
        for identity in tuple(self._being_drawn):
            render = self.store.renders[identity]
            ready = [self.films.ready_at(film) for film in self._films(render)]
            complete = [at for at in ready if at is not None]
            if any(self.films.has_failed(film) for film in self._films(render)):
                self.store.save(render.with_failure(Failure.INTERNAL, self.clock.now()))
            elif len(complete) == len(ready):
                self.store.save(replace(render, films_ready_at=max(complete)))
            else:
                continue
            self._being_drawn.discard(identity)

    def _id(self, dialect: Dialect) -> str:
        return f"video_{self._mint()}" if dialect is Dialect.VIDEOS else f"task_{self._ulid()}"

    def _ulid(self) -> str:
        """Something of the look of the service's own ids (azure-openai.md A.4): nobody may read anything into it."""
        return "01" + base64.b32hexencode(bytes.fromhex(self._mint())[:15]).decode().lower()


def known_model(render: Render) -> Model:
    """Return the model a render was made with."""
    return MODELS[render.model]
