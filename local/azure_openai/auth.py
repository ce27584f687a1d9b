"""Who may call: the key in `api-key` or as bearer, or an Entra token for the right audience.

A token's signature is not checked, since nobody has the keys here; its form, audience and expiry are.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, cast

from local.azure_openai import errors
from local.azure_openai.config import Settings


def check(headers: Mapping[str, str], settings: Settings, now: float) -> None:
    """Raise 401 unless the request carries the key or an acceptable token."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    bearer = credential.strip() if scheme.lower() == "bearer" else ""
    offered = (headers.get("api-key", ""), bearer)
    if any(compare_digest(secret.encode(), settings.key.encode()) for secret in offered):
        return
    if not (settings.accepts_tokens and _is_good_token(bearer, settings.audiences, now)):
        raise errors.unauthorized()


def _is_good_token(token: str, audiences: tuple[str, ...], now: float) -> bool:
    claims = _claims(token)
    audience, expiry = str(claims.get("aud", "")).rstrip("/"), claims.get("exp")
    return audience in audiences and isinstance(expiry, int | float) and now < expiry


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 -- header, claims, signature: RFC 7519
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}
