# ruff: noqa: ARG001 - parameters are bindings
"""HTTP functions: routes, verbs, levels, and every kind of answer; a timer that tools can run."""

import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()
_OPEN = func.AuthLevel.ANONYMOUS


def _json(value: Any) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value))


@bp.route(route="hello", auth_level=_OPEN)
def hello(req: func.HttpRequest) -> func.HttpResponse:
    """The usual."""
    return func.HttpResponse(f"hi {req.params.get('n', 'x')}")


@bp.route(route="boom", methods=["GET"], auth_level=_OPEN)
def boom_http(req: func.HttpRequest) -> func.HttpResponse:
    """Raises."""
    raise RuntimeError("boom http")


@bp.route(route="none", auth_level=_OPEN)
def none_http(req: func.HttpRequest) -> func.HttpResponse:
    """Returns nothing, though it announces an answer."""
    return None


@bp.route(route="noanno", auth_level=_OPEN)
def none_noanno(req: func.HttpRequest):  # noqa: ANN201 - that it announces nothing is the point
    """Returns nothing."""
    return


@bp.route(route="e/{a:int}/{b?}", auth_level=_OPEN)
def echo_req(req: func.HttpRequest) -> func.HttpResponse:
    """What the function sees of the request."""
    body = req.get_body()
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route_params": dict(req.route_params),
        "len": len(body),
        "body": body.decode(),
    }
    headers = {"X-Mine": "1", "Set-Cookie": "a=b; Path=/"}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", headers=headers)


@bp.route(route="any", auth_level=_OPEN)
def any_verb(req: func.HttpRequest) -> func.HttpResponse:
    """Every verb."""
    return func.HttpResponse(req.method)


@bp.route(route="getonly", methods=["GET"], auth_level=_OPEN)
def get_only(req: func.HttpRequest) -> func.HttpResponse:
    """One verb."""
    return func.HttpResponse("get")


@bp.route(route="cat/{*rest}", auth_level=_OPEN)
def catch_all(req: func.HttpRequest) -> func.HttpResponse:
    """Everything below."""
    return _json(dict(req.route_params))


@bp.route(route="alpha/{x:alpha}", auth_level=_OPEN)
def alpha(req: func.HttpRequest) -> func.HttpResponse:
    """Letters."""
    return _json(dict(req.route_params))


@bp.route(route="def/{x:int=7}/{y:guid?}", auth_level=_OPEN)
def default(req: func.HttpRequest) -> func.HttpResponse:
    """A default, and an optional GUID."""
    return _json(dict(req.route_params))


@bp.route(route="fnlevel", auth_level=func.AuthLevel.FUNCTION)
def fn_level(req: func.HttpRequest) -> func.HttpResponse:
    """Needs a function key."""
    return func.HttpResponse("fn")


@bp.route(route="admlevel", auth_level=func.AuthLevel.ADMIN)
def adm_level(req: func.HttpRequest) -> func.HttpResponse:
    """Needs the master key."""
    return func.HttpResponse("adm")


@bp.route(auth_level=_OPEN)
def NoRouteGiven(req: func.HttpRequest) -> func.HttpResponse:  # noqa: N802 - its case is the point
    """No route."""
    return func.HttpResponse("noroute")


@bp.route(route="admin/foo", auth_level=_OPEN)
def r_admin(req: func.HttpRequest) -> func.HttpResponse:
    """A route that belongs to the host."""
    return func.HttpResponse("never seen")


@bp.route(route="runtime/foo", auth_level=_OPEN)
def r_runtime(req: func.HttpRequest) -> func.HttpResponse:
    """A route that belongs to the host."""
    return func.HttpResponse("never seen")


@bp.route(route="disabled1", auth_level=_OPEN)
def disabled1(req: func.HttpRequest) -> func.HttpResponse:
    """Disabled by a setting."""
    return func.HttpResponse("never seen")


@bp.route(route="longresp", auth_level=_OPEN)
def longresp(req: func.HttpRequest) -> func.HttpResponse:
    """Headers of its own, one of them the length."""
    headers = {
        "Content-Type": "text/css",
        "Content-Length": "1",
        "Cache-Control": "no-store",
        "X-A": "1",
        "Location": "/x",
    }
    return func.HttpResponse("x", headers=headers)


@bp.route(route="nondurable", methods=["get", "post"], auth_level=_OPEN)
@bp.durable_client_input(client_name="client")
def nondurable(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """A plain function with a durable client, which the SDK only supports in async ones."""
    return func.HttpResponse("never seen")


@bp.route(route="ret/{k}", auth_level=_OPEN)
async def ret_kind(req: func.HttpRequest) -> func.HttpResponse:
    """Every kind of answer."""
    match req.route_params["k"]:
        case "str":
            return "plain str"
        case "dict":
            return {"a": 1}
        case "int":
            return 5
        case "bytes":
            return func.HttpResponse(b"\x00\x01\xff", mimetype="application/octet-stream")
        case "204":
            return func.HttpResponse(status_code=204)
        case "404":
            return func.HttpResponse("mine", status_code=404)
        case "empty":
            return func.HttpResponse()
        case _:
            raise ValueError("async boom")


@bp.timer_trigger(arg_name="t", schedule="0 0 0 1 1 *")
def tick(t: func.TimerRequest) -> None:
    """A timer that does nothing."""
