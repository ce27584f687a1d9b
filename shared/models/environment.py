"""What `/env/status` and `/health` answer."""

from pydantic import BaseModel

from shared.lanes import Offer


class FaultView(BaseModel):
    """What is wrong with a setting."""

    setting: str
    message: str


class StorageView(BaseModel):
    """Whether the storage answers, and if not, what it said."""

    reachable: bool
    detail: str | None


class SettingView(BaseModel):
    """One setting; the value of a secret is never shown."""

    name: str
    is_set: bool
    value: str | None
    description: str


class LaneView(BaseModel):
    """One deployment with its limits, its price at the default size, and a warning where its model retires."""

    name: str
    api: str
    max_in_flight: int
    creates_per_minute: int
    usd_per_second: str | None
    warning: str | None


class ModelView(BaseModel):
    """One model as users name it, with all it offers."""

    model: str
    default_size: str
    default_seconds: int
    offers: list[Offer]
    lanes: list[LaneView]


class EnvStatus(BaseModel):
    """What the app was started with, and what is wrong with it."""

    version: str
    ready: bool
    faults: list[FaultView]
    storage: StorageView
    settings: list[SettingView]
    models: list[ModelView]


class Health(BaseModel):
    """The app answers."""

    status: str
    time: str
