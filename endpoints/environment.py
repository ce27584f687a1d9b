"""`/env/status`, `/health` and `/openapi.json`: what the app was started with, whether it is alive, what it answers."""

import asyncio
from datetime import date
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from azure.core.exceptions import ResourceNotFoundError
from pydantic import SecretStr

from shared import clock, http, openapi, storage
from shared.config import Configuration, Settings, configuration
from shared.lanes import Lane, Pool, catalogue
from shared.models.environment import EnvStatus, FaultView, Health, LaneView, ModelView, SettingView, StorageView
from shared.version import VERSION

bp = df.Blueprint()

_STORAGE_WITHIN_S = 5.0
_SECRET = {"lanes"}  # may hold keys in its JSON


@bp.route(route="env/status", methods=["GET"])
@http.answers
async def get_env_status(req: func.HttpRequest) -> func.HttpResponse:
    """Show every setting (secrets only as set or not), what is wrong with them, the models, and the storage."""
    http.owner_of(req)
    return http.reply(_status(configuration(), await _storage_fault()))


@bp.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@http.answers
async def get_health(req: func.HttpRequest) -> func.HttpResponse:
    """Say that the app answers; touches nothing else, so that a probe costs nothing."""
    del req
    return http.reply(Health(status="ok", time=clock.rfc3339(clock.now())))


@bp.route(route="openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@http.answers
async def get_openapi(req: func.HttpRequest) -> func.HttpResponse:
    """Show the API's own description."""
    del req
    return http.reply(openapi.document(VERSION))


def _status(config: Configuration, storage_fault: str | None) -> EnvStatus:
    return EnvStatus(
        version=VERSION,
        ready=not config.faults and storage_fault is None,
        faults=[FaultView(setting=fault.setting, message=fault.message) for fault in config.faults],
        storage=StorageView(reachable=storage_fault is None, detail=storage_fault),
        settings=[_setting(config.settings, name) for name in Settings.model_fields],
        models=[_model(pool) for pool in config.pools.values()],
    )


async def _storage_fault() -> str | None:
    """Try the storage within a few seconds; None when it answers."""
    try:
        async with asyncio.timeout(_STORAGE_WITHIN_S):
            await (await storage.table()).get_entity("-", "-")
    except ResourceNotFoundError:
        return None  # it answered: there is no such row
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is to be shown
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"
    return None


def _setting(settings: Settings, name: str) -> SettingView:
    field = Settings.model_fields[name]
    value: Any = getattr(settings, name)
    hidden = value is None or isinstance(value, SecretStr) or name in _SECRET or "@" in str(value)  # a URL with a user
    return SettingView(
        name=name.upper(),
        is_set=name in settings.model_fields_set,
        value=None if hidden else str(value),
        description=field.description or "",
    )


def _model(pool: Pool) -> ModelView:
    return ModelView(
        model=pool.model,
        default_size=pool.default_size,
        default_seconds=pool.default_seconds,
        offers=list(pool.offers),
        lanes=[_lane(lane) for lane in pool.lanes],
    )


def _lane(lane: Lane) -> LaneView:
    price = lane.price_usd_per_s(lane.default_size)
    return LaneView(
        name=lane.name,
        api=lane.api,
        max_in_flight=lane.max_in_flight,
        creates_per_minute=lane.creates_per_minute,
        usd_per_second=None if price is None else str(price),
        warning=_retirement(lane, clock.now().date()),
    )


def _retirement(lane: Lane, today: date) -> str | None:
    """Warn of a published retirement, where the model's own cloud is used; a date only ever warns."""
    if lane.retired_on is None or not lane.is_azure:
        return None
    days = (lane.retired_on - today).days
    when = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{lane.model} retires on {lane.retired_on} ({when}; checked on {catalogue().checked_on})"
