"""`/env/status` and `/health`: what this app was started with, and whether it is alive."""

import asyncio
from datetime import date
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import SecretStr

from shared import clock, http, storage
from shared.config import Configuration, Settings, configuration
from shared.lanes import Lane, catalogue

bp = df.Blueprint()

_STORAGE_WITHIN_S = 5.0


@bp.route(route="env/status", methods=["GET"])
@http.answers
async def get_env_status(req: func.HttpRequest) -> func.HttpResponse:
    """Show every setting (secrets only as set or not), what is wrong with them, the models, and the storage."""
    http.owner_of(req)
    config = configuration()
    storage_fault = await _storage_fault()
    faults = [{"setting": fault.setting, "message": fault.message} for fault in config.faults]
    return http.reply(
        {
            "ready": not faults and storage_fault is None,
            "faults": faults,
            "storage": {"reachable": storage_fault is None, "detail": storage_fault},
            "settings": [_setting(config.settings, name) for name in Settings.model_fields],
            "models": [_model(model, config) for model in config.pools],
        }
    )


@bp.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@http.answers
async def get_health(req: func.HttpRequest) -> func.HttpResponse:
    """Say that the app answers; touches nothing else, so that a probe costs nothing."""
    del req
    return http.reply({"status": "ok", "time": clock.rfc3339(clock.now())})


async def _storage_fault() -> str | None:
    """Try the storage within a few seconds; None when it answers."""
    try:
        async with asyncio.timeout(_STORAGE_WITHIN_S):
            await (await storage.table()).get_table_access_policy()
            await (await storage.blob_service()).get_account_information()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is to be shown
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"
    return None


def _setting(settings: Settings, name: str) -> dict[str, Any]:
    field = Settings.model_fields[name]
    value: Any = getattr(settings, name)
    secret = isinstance(value, SecretStr) or "SecretStr" in str(field.annotation) or name == "lanes"
    return {
        "name": name.upper(),
        "set": name in settings.model_fields_set,
        "value": None if secret or value is None else str(value),
        "description": field.description,
    }


def _model(model: str, config: Configuration) -> dict[str, Any]:
    pool = config.pools[model]
    return {
        "model": model,
        "default_size": pool.default_size,
        "default_seconds": pool.default_seconds,
        "offers": [
            {"sizes": offer.sizes, "seconds": offer.seconds, "max_variants": offer.max_variants}
            for offer in pool.offers
        ],
        "lanes": [_lane(lane) for lane in pool.lanes],
    }


def _lane(lane: Lane) -> dict[str, Any]:
    price = lane.price_usd_per_s(lane.default_size)
    return {
        "name": lane.name,
        "api": lane.api,
        "max_in_flight": lane.max_in_flight,
        "creates_per_minute": lane.creates_per_minute,
        "usd_per_second": None if price is None else str(price),
        "warning": _retirement(lane, clock.now().date()),
    }


def _retirement(lane: Lane, today: date) -> str | None:
    """Warn of a published retirement, where the model's own cloud is used; a date only ever warns."""
    if lane.retired_on is None or not lane.is_azure:
        return None
    days = (lane.retired_on - today).days
    when = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{lane.model} retires on {lane.retired_on} ({when}; checked on {catalogue().checked_on})"
