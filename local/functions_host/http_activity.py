"""The built-in activity behind an orchestrator's call_http: one request, its answer as a result (measured, 8.6)."""

import json
from typing import Any

from local.functions_host.invoker import InvocationError
from local.functions_host.json_text import compact

_TIME_LIMIT_S = 100.0
# .NET keeps the headers of the content apart, and the extension hands only the others on.
_OF_THE_CONTENT = frozenset({"allow", "content-encoding", "content-language", "content-length", "content-type"})


async def call_http(request_json: str) -> str:
    """Send the request; gives status, headers and content as JSON text. Any status is a result, not an error."""
    try:
        import httpx  # noqa: PLC0415 - few apps use call_http, and every start would pay a third of a second
    except ImportError as error:
        raise _failure(f"call_http needs the package httpx beside the host ({error})") from error

    request: dict[str, Any] = json.loads(request_json)
    if request.get("tokenSource"):
        raise _failure("this stand-in fetches no tokens for call_http; set the authorization header instead")
    content = request.get("content")
    try:
        async with httpx.AsyncClient(timeout=_TIME_LIMIT_S) as client:
            answer = await client.request(
                str(request["method"]),
                str(request["uri"]),
                headers=request.get("headers") or {},
                content=None if content is None else str(content),
            )
    except httpx.HTTPError as error:
        raise _failure(f"{type(error).__name__}: {error}") from error
    headers = {name.title(): value for name, value in answer.headers.items() if name not in _OF_THE_CONTENT}
    return compact({"statusCode": answer.status_code, "headers": headers, "content": answer.text})


def _failure(text: str) -> InvocationError:
    return InvocationError(text, report=text, message=text)
