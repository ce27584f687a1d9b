"""What can be rendered and where: the known models (a data file), lanes, and the pools that users name.
Knows no setting's name and no queue; config.py builds lanes, pools.py fills them.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

Api = Literal["videos", "jobs"]
Size = Annotated[str, Field(pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$")]
Seconds = Annotated[int, Field(ge=1, le=120)]

_DATA = Path(__file__).with_name("data") / "video_models.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def shape_of(size: str, seconds: int, variants: int) -> str:
    """Name the sizes of an order: what renders must have in common to tell of each other's duration."""
    return f"{size}/{seconds}/{variants}"


class Offer(_Frozen):
    """Sizes and durations that go together, how many variants at once, and the price where it differs by size."""

    sizes: tuple[Size, ...] = Field(min_length=1)
    seconds: tuple[Seconds, ...] = Field(min_length=1)
    max_variants: int = Field(default=1, ge=1, le=4)
    usd_per_second: Decimal | None = Field(default=None, ge=0)

    def takes(self, size: str, seconds: int, variants: int = 1) -> bool:
        """Tell whether this size, duration and number of variants go together."""
        return size in self.sizes and seconds in self.seconds and variants <= self.max_variants


class VideoModel(_Frozen):
    """What is publicly known of one model; `price_source` and `retirement_source` say where from."""

    api: Api
    offers: tuple[Offer, ...]
    default_size: Size
    default_seconds: Seconds
    max_in_flight: int
    creates_per_minute: int
    typical_render_s: float
    usd_per_second: Decimal | None = None
    price_source: str | None = None
    retired_on: date | None = None
    retirement_source: str | None = None


class _Catalogue(_Frozen):
    checked_on: date
    models: dict[str, VideoModel]


@cache
def catalogue() -> _Catalogue:
    """Read the data file: the day it was checked, and the models by name."""
    return _Catalogue.model_validate(json.loads(_DATA.read_text(encoding="utf-8")))


class Lane(_Frozen):
    """One deployment at one endpoint with its limits. `api_key` None means an identity, or none at all off Azure."""

    name: str
    model: str
    api: Api
    endpoint: HttpUrl
    deployment: str
    api_key: SecretStr | None = None
    max_in_flight: int
    creates_per_minute: int
    offers: tuple[Offer, ...]
    default_size: str
    default_seconds: int
    typical_render_s: float
    usd_per_second: Decimal | None = None
    retired_on: date | None = None
    on_lost_reply: Literal["hold", "resubmit"] = "hold"
    exclusive: bool = False  # nobody but this app renders on the account: what is unclaimed there is this app's

    @property
    def base_url(self) -> str:
        """The endpoint without a slash at its end."""
        return str(self.endpoint).rstrip("/")

    @property
    def target(self) -> str:
        """What orders are sent to, whatever the lane is called."""
        return f"{self.deployment} at {self.base_url}"

    @property
    def is_azure(self) -> bool:
        """Whether the endpoint is Azure's own, over TLS: the only place an identity's token is ever sent to."""
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" and (parts.hostname or "").endswith((".azure.com", ".azure.us", ".azure.cn"))

    def takes(self, size: str, seconds: int, variants: int = 1) -> bool:
        """Tell whether one of the lane's offers covers the request."""
        return any(offer.takes(size, seconds, variants) for offer in self.offers)

    def price_usd_per_s(self, size: str) -> Decimal | None:
        """Price of one second of one variant at this size; None when nobody told us."""
        by_size = next(
            (o.usd_per_second for o in self.offers if size in o.sizes and o.usd_per_second is not None), None
        )
        return by_size if by_size is not None else self.usd_per_second


class Pool(_Frozen):
    """One model as users name it: all lanes that serve it, the first one giving the defaults."""

    model: str
    lanes: tuple[Lane, ...] = Field(min_length=1)

    @property
    def default_size(self) -> str:
        """The size of a request that names none."""
        return self.lanes[0].default_size

    @property
    def default_seconds(self) -> int:
        """The duration of a request that names none."""
        return self.lanes[0].default_seconds

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Everything some lane takes."""
        return tuple(offer for lane in self.lanes for offer in lane.offers)

    def lane(self, name: str) -> Lane | None:
        """Find a lane by its name; None when it was taken out of the settings."""
        return next((lane for lane in self.lanes if lane.name == name), None)


def pools_of(lanes: Iterable[Lane]) -> Mapping[str, Pool]:
    """Group lanes by the model they serve, in the order they were named."""
    grouped: dict[str, list[Lane]] = {}
    for lane in lanes:
        grouped.setdefault(lane.model, []).append(lane)
    return {model: Pool(model=model, lanes=tuple(members)) for model, members in grouped.items()}
