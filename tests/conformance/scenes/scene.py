"""What a scene is: how the state is brought about in which a traced request is sent again."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.conformance.steps import Step


@dataclass(frozen=True)
class Scene:
    """``given`` comes first. Then the traced request is sent, unless a field says otherwise.

    ``call``: the trace is a call of the SDK's client, made within the app, with these arguments.
    ``path``: the trace shows only a body; it is read here.
    ``content``: the body of the request, where the trace does not show it.
    ``named``: the id of the trace's instance, where the request does not name it.
    ``door``: the loopback door, which only the app can reach.
    ``view``: the order of a history says nothing where work ran side by side; and of a list whose members differ
    from host to host, only the names of fields and the statuses are compared.
    ``alone``: the request touches instances of others, so it comes when all other facts are done.
    """

    given: tuple[Step, ...] = ()
    call: tuple[Any, ...] = ()
    path: str = ""
    content: str = ""
    named: str = ""
    door: Literal["public", "rpc"] = "public"
    view: Literal["all", "any order", "shapes"] = "all"
    alone: bool = False
