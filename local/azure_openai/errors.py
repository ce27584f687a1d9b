"""The errors the service answers with, and the two forms they are sent in. It knows no rule that leads to one."""

import math
from dataclasses import dataclass, field
from typing import Any

VIDEO_ERROR = "video_generation_user_error"
INVALID = "invalid_request_error"


@dataclass
class ApiError(Exception):
    """An answer that is not a success."""

    status: int
    message: str
    type: str | None = None
    param: str | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    inner: dict[str, Any] | None = None

    def wrapped(self) -> dict[str, Any]:
        """The usual envelope (azure-openai.md B.5)."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    def unwrapped(self) -> dict[str, Any]:
        """The Sora 1 job API's own form, without envelope (A.5)."""
        body: dict[str, Any] = {"code": self.code, "message": self.message, "param": self.param, "type": self.type}
        return body | ({"inner_error": self.inner} if self.inner else {})


@dataclass
class GatewayError(ApiError):
    """An error from the service's front door, which only has a code and a message."""

    def wrapped(self) -> dict[str, Any]:
        """The front door's envelope (B.5, 401 and 404)."""
        return {"error": {"code": self.code, "message": self.message}}


def missing(param: str) -> ApiError:
    """A required field is absent."""
    return ApiError(400, f"Missing required parameter: '{param}'.", INVALID, param, "missing_required_parameter")


def invalid(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """A field has a value that is not allowed."""
    return ApiError(400, message, INVALID, param, code)


def not_one_of(param: str, value: object, allowed: tuple[str, ...]) -> ApiError:
    """A field is outside of its list of values, which the message gives."""
    listed = ", ".join(f"'{choice}'" for choice in allowed)
    return invalid(param, f"Invalid value: {value!r}. Supported values are: {listed}.")


def unauthorized() -> ApiError:
    """Neither the key nor an acceptable token."""
    message = "Access denied due to invalid subscription key or wrong API endpoint. Check both for this resource."
    return GatewayError(401, message, code="401")


def no_such_route() -> ApiError:
    """Nothing is served at that path, or not with that method."""
    return GatewayError(404, "Resource not found", code="404")


def no_such_deployment(name: str) -> ApiError:
    """`model` names no deployment of this resource."""
    return ApiError(
        404, f"The deployment '{name}' does not exist. If it was created less than 5 minutes ago, wait.", VIDEO_ERROR
    )


def not_found(kind: str, identity: str) -> ApiError:
    """An id that never was, was deleted, or has expired."""
    return ApiError(404, f"{kind} with id '{identity}' not found.", INVALID)


def too_many_running(cap: int, retry_after_s: float | None) -> ApiError:
    """The cap of renders in flight is reached: a matter of waiting for one to end, not of rate."""
    headers = retry_headers(retry_after_s) if retry_after_s is not None else {}
    return ApiError(429, f"Too many running tasks. At most {cap} may be in flight.", VIDEO_ERROR, headers=headers)


def too_many_requests(rate: int, retry_after_s: float) -> ApiError:
    """The rate of creates is used up."""
    message = f"Requests have exceeded the rate limit of {rate} a minute. Retry after {retry_after_s:.0f} seconds."
    return GatewayError(429, message, code="429", headers=retry_headers(retry_after_s))


def moderated(message: str = "Your request was blocked by our moderation system.") -> ApiError:
    """The prompt or a picture is against the rules for content."""
    inner = {"code": "ResponsibleAIPolicyViolation", "revised_prompt": None, "error_details": None}
    return ApiError(400, message, VIDEO_ERROR, "prompt", "moderation_blocked", inner=inner)


def not_supported(operation: str, deployment: str) -> ApiError:
    """The deployment is of a model that other routes are for."""
    message = f"The {operation} operation does not work with the model of deployment '{deployment}'."
    return GatewayError(400, message, code="OperationNotSupported")


def retry_headers(seconds: float) -> dict[str, str]:
    """The two headers that say when to try again, rounded up: whoever waits exactly that long is never early."""
    milliseconds = int(seconds * 1000) + 1
    return {"retry-after": str(math.ceil(milliseconds / 1000)), "retry-after-ms": str(milliseconds)}
