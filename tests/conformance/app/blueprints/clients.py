"""HTTP functions with a durable client: starters, any call of the SDK, the SDK's own loopback door."""

import asyncio
import json
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()


@bp.route(route="start/{name}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
async def starter(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an orchestration."""
    value = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), value)
    return client.create_check_status_response(req, instance_id)


@bp.route(route="wait/{name}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
async def start_wait(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an orchestration and wait for its end."""
    value = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], None, value)
    return await client.wait_for_completion_or_create_check_status_response(req, instance_id, 20000, 20)


@bp.route(route="waitfor/{name}", auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def wait_for(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an orchestration, terminate it if asked, and wait ``t`` milliseconds."""
    instance_id = await client.start_new(req.route_params["name"])
    if req.params.get("kill"):
        await client.terminate(instance_id, "k")
    limit_ms = int(req.params["t"])
    return await client.wait_for_completion_or_create_check_status_response(req, instance_id, limit_ms, 200)


@bp.route(route="c/{op}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def c_call(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Any call of the durable client, and what it gave or raised."""
    try:
        result = getattr(client, req.route_params["op"])(*req.get_json()["args"])
        result = await result if asyncio.iscoroutine(result) else result
        answer = {"ok": True, "pytype": type(result).__name__, "result": _shown(result)}
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        answer = {"ok": False, "exc": type(error).__name__, "str": str(error)}
    return func.HttpResponse(json.dumps(answer), mimetype="application/json")


def _shown(result: Any) -> Any:
    if hasattr(result, "to_json"):
        return {"__class__": type(result).__name__, "json": result.to_json()}
    if result is None or isinstance(result, str | int | dict | list):
        return result
    return {"__class__": type(result).__name__, "dict": vars(result)}


@bp.route(route="c_binding", auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def c_binding(req: func.HttpRequest, client: str) -> func.HttpResponse:  # noqa: ARG001 - bindings need both
    """The fields that the durable client read from its binding."""
    raw = vars(client._orchestration_bindings)
    return func.HttpResponse(json.dumps({"raw": raw}, default=str), mimetype="application/json")


@bp.route(route="rpc", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
async def rpc(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """One request to the loopback door, which only the app can reach."""
    wanted = req.get_json()
    base = client._orchestration_bindings.rpc_base_url
    answer = await asyncio.to_thread(_ask, f"{base.rstrip('/')}{wanted['path']}", wanted)
    return func.HttpResponse(json.dumps(answer), mimetype="application/json")


def _ask(url: str, wanted: dict[str, Any]) -> dict[str, Any]:
    body = None if wanted["body"] is None else wanted["body"].encode()
    request = Request(url, data=body, method=wanted["method"], headers=wanted["headers"])  # noqa: S310 - the host's door
    try:
        with urlopen(request) as answer:  # noqa: S310 - the host's door
            return {"status": answer.status, "headers": dict(answer.headers), "text": answer.read().decode()}
    except HTTPError as error:
        return {"status": HTTPStatus(error.code), "headers": dict(error.headers), "text": error.read().decode()}
