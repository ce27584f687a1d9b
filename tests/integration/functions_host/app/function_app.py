# ruff: noqa: ARG001, ASYNC251, BLE001 - parameters are bindings; it blocks and catches on purpose
"""A small app that the host's tests run: HTTP functions here, orchestrations in the blueprints."""

import asyncio
import json
import os
import time
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
from blueprints import events, flows, origins, steps, ticks

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (events, flows, origins, steps, ticks):
    app.register_functions(blueprint.bp)


@app.route(route="echo/{number:int}/{rest?}", auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """What the function saw of the request."""
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route_params": dict(req.route_params),
        "bytes": len(req.get_body()),
    }
    cookie = "session=abc; Path=/"
    return func.HttpResponse(
        json.dumps(seen), mimetype="application/json", headers={"X-Own": "1", "Set-Cookie": cookie}
    )


@app.route(route="anything/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
def anything(req: func.HttpRequest) -> func.HttpResponse:
    """Every verb, every path below."""
    return func.HttpResponse(json.dumps({"method": req.method, "route_params": dict(req.route_params)}))


@app.route(route="page/{size:range(1,9)=5}", auth_level=func.AuthLevel.ANONYMOUS)
def page(req: func.HttpRequest) -> func.HttpResponse:
    """A constraint and a default."""
    return func.HttpResponse(json.dumps(dict(req.route_params)))


@app.route(route="word/{text:alpha}", auth_level=func.AuthLevel.ANONYMOUS)
def word(req: func.HttpRequest) -> func.HttpResponse:
    """Letters only."""
    return func.HttpResponse(req.route_params["text"])


@app.route(route="thing/{id:guid}", auth_level=func.AuthLevel.ANONYMOUS)
def thing(req: func.HttpRequest) -> func.HttpResponse:
    """A GUID only."""
    return func.HttpResponse(req.route_params["id"])


@app.route(route="order/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def a_parameter(req: func.HttpRequest) -> func.HttpResponse:
    """Comes first in the alphabet."""
    return func.HttpResponse("parameter")


@app.route(route="order/literal", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def b_literal(req: func.HttpRequest) -> func.HttpResponse:
    """More exact, but second."""
    return func.HttpResponse("literal")


@app.route(auth_level=func.AuthLevel.ANONYMOUS)
def no_route(req: func.HttpRequest) -> func.HttpResponse:
    """No route given."""
    return func.HttpResponse("named by its function")


@app.route(route="admin/mine", auth_level=func.AuthLevel.ANONYMOUS)
def reserved(req: func.HttpRequest) -> func.HttpResponse:
    """A route that belongs to the host."""
    return func.HttpResponse("never seen")


@app.route(route="switched-off", auth_level=func.AuthLevel.ANONYMOUS)
def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    """Disabled by a setting."""
    return func.HttpResponse("never seen")


@app.route(route="locked")
def locked(req: func.HttpRequest) -> func.HttpResponse:
    """Needs a function key."""
    return func.HttpResponse("open")


@app.route(route="operator", auth_level=func.AuthLevel.ADMIN)
def operator(req: func.HttpRequest) -> func.HttpResponse:
    """Needs the master key."""
    return func.HttpResponse("open")


@app.route(route="returns/{kind}", auth_level=func.AuthLevel.ANONYMOUS)
async def returns(req: func.HttpRequest) -> func.HttpResponse:
    """Every kind of answer and of failure."""
    match req.route_params["kind"]:
        case "str":
            return "plain"
        case "none":
            return None
        case "dict":
            return {"a": 1}
        case "raise":
            raise ValueError("on purpose")
        case "exit":
            raise SystemExit(3)
        case "empty":
            return func.HttpResponse(status_code=204)
        case "bytes":
            return func.HttpResponse(b"\x00\xff", mimetype="application/octet-stream")
        case "block":
            time.sleep(1.0)
            return func.HttpResponse("blocked")
        case _:
            return func.HttpResponse("mine", status_code=404)


@app.route(route="setting/{name}", auth_level=func.AuthLevel.ANONYMOUS)
def setting(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A setting, and where the function runs."""
    value = os.environ.get(req.route_params["name"])
    return func.HttpResponse(json.dumps({"value": value, "function": context.function_name, "cwd": str(Path.cwd())}))


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """The usual starter."""
    body = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), body)
    return client.create_check_status_response(req, instance_id)


@app.route(route="client/{operation}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.durable_client_input(client_name="client")
async def call_client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Any call of the durable client."""
    try:
        result = await getattr(client, req.route_params["operation"])(*req.get_json())
    except Exception as error:
        return func.HttpResponse(json.dumps({"raised": str(error)}))
    if isinstance(result, list):
        return func.HttpResponse(json.dumps({"result": [item.to_json() for item in result]}))
    shown = result.to_json() if hasattr(result, "to_json") and result else result
    return func.HttpResponse(json.dumps({"result": shown}, default=vars))


@app.route(route="binding", auth_level=func.AuthLevel.ANONYMOUS)
@app.durable_client_input(client_name="client")
async def binding(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """What the durable client was given."""
    return func.HttpResponse(json.dumps(vars(client._orchestration_bindings), default=vars))


@app.route(route="wait/{name}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.durable_client_input(client_name="client")
async def wait(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start and wait for the end."""
    instance_id = await client.start_new(req.route_params["name"], None, req.get_json())
    await asyncio.sleep(0)
    return await client.wait_for_completion_or_create_check_status_response(req, instance_id, 5000, 20)
