"""Which call of which dialect a request is, and what it is about. It knows URLs; it answers none."""

import re
from dataclasses import dataclass

from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Scope

from local.azure_openai import forms
from local.azure_openai.emulator import Emulator
from local.azure_openai.errors import ApiError
from local.azure_openai.fault_book import Target
from local.azure_openai.faults import Call
from local.azure_openai.state import Render

_ROUTES = tuple(
    (method, re.compile(rf"(?:/openai/v1|/openai|/v1)/(?:{path})"), call)
    for method, path, call in (
        ("POST", r"videos|videos/[^/]+/remix|video/generations/jobs", Call.CREATE),
        ("GET", r"videos|video/generations/jobs", Call.LIST),
        ("GET", r"videos/(?P<v>[^/]+)|video/generations/jobs/(?P<j>[^/]+)|video/generations/(?P<g>[^/]+)", Call.STATUS),
        ("GET", r"videos/(?P<v>[^/]+)/content|video/generations/(?P<g>[^/]+)/content/[a-z]+", Call.CONTENT),
        ("DELETE", r"videos/(?P<v>[^/]+)|video/generations/jobs/(?P<j>[^/]+)", Call.DELETE),
    )
)


@dataclass(frozen=True, slots=True)
class Named:
    """A call and the id in its path, if there is one."""

    call: Call
    id: str | None


def named(scope: Scope) -> Named | None:
    """Return which call a request is; None for anything but the API's own."""
    if scope["type"] != "http":
        return None
    for method, path, call in _ROUTES:
        if scope["method"] == method and (found := path.fullmatch(scope["path"])):
            return Named(call, next((part for part in found.groupdict().values() if part), None))
    return None


async def target(one: Named, scope: Scope, body: bytes, emulator: Emulator) -> Target:
    """Return what a call is about: a create by its body, any other one by the render in its path."""
    if one.call is Call.CREATE:
        return await _ordered(scope, body, emulator)
    render = _render(one.id, emulator)
    if render is None:
        return Target(one.call, render=one.id)
    return Target(one.call, render.order.deployment, render.order.prompt, render.id)


async def _ordered(scope: Scope, body: bytes, emulator: Emulator) -> Target:
    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        fields = (await forms.read(Request(scope, replay))).fields
    except (ApiError, MultiPartException):
        return Target(Call.CREATE)
    deployment, prompt = fields.get("model", emulator.settings.profile.default_model), fields.get("prompt")
    return Target(
        Call.CREATE,
        deployment if isinstance(deployment, str) else None,
        prompt if isinstance(prompt, str) else None,
    )


def _render(identity: str | None, emulator: Emulator) -> Render | None:
    renders = emulator.store.renders
    if identity in renders:
        return renders[identity]
    return next((render for render in renders.values() if identity in render.generation_ids), None)
