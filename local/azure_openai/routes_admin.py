"""The emulator's own URLs, which the real service does not have: health, ledger, faults and a page that shows them.

They need no key.
"""

from dataclasses import dataclass
from importlib.resources import files

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.azure_openai import errors, forms, prompts, serving, wire_jobs, wire_videos
from local.azure_openai.emulator import Emulator
from local.azure_openai.faults import Fault
from local.azure_openai.ledger import ledger
from local.azure_openai.models import Dialect
from local.azure_openai.state import finished_at


@dataclass(frozen=True, slots=True)
class AdminRoutes:
    """The handlers, for one emulator."""

    emulator: Emulator

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.page),
            Route("/_emulator", self.page),
            Route("/_emulator/health", self.health),
            Route("/_emulator/ledger", self.ledger),
            Route("/_emulator/faults", self.faults, methods=["GET"]),
            Route("/_emulator/faults", self.add_fault, methods=["POST"]),
            Route("/_emulator/faults/{id}", self.remove_fault, methods=["DELETE"]),
            Route("/_emulator/key", self.rotate_key, methods=["PUT"]),
            Route("/_emulator/renders", self.foreign_render, methods=["POST"]),
            Route("/_emulator/thumbnails/{id}", self.thumbnail),
            Route("/_emulator/films/{id}", self.film),
        ]

    async def page(self, _: Request) -> Response:
        """A page that shows the ledger and keeps up with it."""
        return HTMLResponse((files("local.azure_openai") / "ledger.html").read_text(encoding="utf-8"))

    async def health(self, _: Request) -> Response:
        """Whether the emulator answers."""
        return JSONResponse({"status": "ok", "profile": self.emulator.settings.profile.name})

    async def ledger(self, _: Request) -> Response:
        """Everything that was ever made here."""
        return JSONResponse(ledger(self.emulator))

    async def faults(self, _: Request) -> Response:
        """The faults that were added, how often each was met and struck, and the form of a fault as JSON schema."""
        standing = [
            {"id": name, **fault.model_dump(mode="json", exclude_unset=True), "met": met.model_dump()}
            for name, (fault, met) in self.emulator.faults.standing().items()
        ]
        return JSONResponse({"faults": standing, "schema": Fault.model_json_schema()})

    async def add_fault(self, request: Request) -> Response:
        """Let a fault stand from now on. 400 says what is wrong with it."""
        form = await forms.read(request)
        try:
            fault = Fault.model_validate(await request.json() if form.is_json else form.fields)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise errors.invalid(".".join(map(str, first["loc"])), first["msg"]) from error
        return JSONResponse({"id": self.emulator.faults.add(fault)}, status_code=201)

    async def remove_fault(self, request: Request) -> Response:
        """Take a fault away."""
        if not self.emulator.faults.remove(request.path_params["id"]):
            raise errors.no_such_route()
        return Response(status_code=204)

    async def rotate_key(self, request: Request) -> Response:
        """Take another key, and the old one no longer."""
        key = prompts.text(await forms.read(request), "key")
        if not key:
            raise errors.invalid("key", "The key must not be empty.")
        self.emulator.rotate_key(key)
        return Response(status_code=204)

    async def foreign_render(self, request: Request) -> Response:
        """Have another client of this resource create a render: the body is a create's, of either dialect."""
        emulator, form = self.emulator, await forms.read(request)
        name = prompts.text(form, "model")
        model = emulator.settings.model_of(name)
        if model is None:
            raise errors.no_such_deployment(name)
        if model.dialect is Dialect.VIDEOS:
            order, _ = wire_videos.order(form, name, model, emulator.settings.profile)
        else:
            order, _ = wire_jobs.order(form, name)
        return JSONResponse({"id": emulator.mark_foreign(emulator.create(order)).id}, status_code=201)

    async def thumbnail(self, request: Request) -> Response:
        """A picture of a render that has a film."""
        emulator = self.emulator
        render = emulator.store.renders.get(request.path_params["id"])
        if render is None or not render.generation_ids:
            raise errors.no_such_route()
        return Response(await emulator.films.picture(emulator.film(render), "webp"), media_type="image/webp")

    async def film(self, request: Request) -> Response:
        """The first film of a render, for looking at it in a browser, which has no key."""
        emulator = self.emulator
        render = emulator.store.renders.get(request.path_params["id"])
        ended_at = finished_at(render) if render else None
        if render is None or not render.generation_ids or ended_at is None or emulator.clock.now() < ended_at:
            raise errors.no_such_route()
        return serving.file(await emulator.films.path(emulator.film(render)), render, "video/mp4")
