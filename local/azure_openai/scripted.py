"""The answers that faults give in the place of the service's own: their bodies, and how they say when to try again."""

import math
from email.utils import formatdate

from starlette.responses import HTMLResponse, JSONResponse, Response

from local.azure_openai import errors
from local.azure_openai.fault_book import Target
from local.azure_openai.faults import Body, Call, Fault, RetryAfter

_PAGE = "<!doctype html><title>Please wait</title><h1>Please wait</h1><p>This service is being prepared.</p>"


def answer(fault: Fault, target: Target, now: float) -> Response:
    """Return what a fault answers to a call, by the emulator's clock."""
    headers = _headers(fault, now)
    match fault.body:
        case Body.HTML:
            return HTMLResponse(fault.message or _PAGE, fault.status, headers)
        case Body.EMPTY:
            return Response(b"", fault.status, headers)
        case Body.JSON | Body.UNWRAPPED:
            error = _error(fault, target)
            written = error.wrapped() if fault.body is Body.JSON else error.unwrapped()
            return JSONResponse(written, fault.status, headers)


def _headers(fault: Fault, now: float) -> dict[str, str]:
    headers: dict[str, str] = {}
    if fault.should_retry is not None:
        headers["x-should-retry"] = str(fault.should_retry).lower()
    if fault.retry_after_s is not None:
        headers |= _retry_after(fault.retry_after, fault.retry_after_s, now)
    return headers


def _retry_after(form: RetryAfter, seconds: float, now: float) -> dict[str, str]:
    """When to try again, in the form asked for; a date has whole seconds, so it is rounded up."""
    milliseconds = str(int(seconds * 1000))
    match form:
        case RetryAfter.SECONDS:
            return {"retry-after": f"{seconds:g}"}
        case RetryAfter.DATE:
            return {"retry-after": formatdate(math.ceil(now + seconds), usegmt=True)}
        case RetryAfter.MS:
            return {"retry-after-ms": milliseconds}
        case RetryAfter.X_MS:
            return {"x-ms-retry-after-ms": milliseconds}


def _error(fault: Fault, target: Target) -> errors.ApiError:
    """Write the error that the service has for a status, with another message where one is given."""
    error = _usual(fault.status, target)
    error.message = fault.message or error.message
    return error


def _usual(status: int, target: Target) -> errors.ApiError:
    code = str(status)
    match status:
        case 401:
            return errors.unauthorized()
        case 403:
            return errors.GatewayError(status, "This resource is temporarily blocked.", code="Forbidden")
        case 404 if target.call is Call.CREATE:
            return errors.no_such_deployment(target.deployment or "")
        case 404:
            return errors.not_found("Video", target.render or "")
        case 410:
            return errors.GatewayError(status, "The model of this deployment is retired.", code=code)
        case 429:
            return errors.GatewayError(status, "Requests have exceeded the rate limit. Try again later.", code=code)
        case _:
            return errors.GatewayError(status, f"The service answered {status}, as it was told to.", code=code)
