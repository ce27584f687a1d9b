"""What is known of each video model: its dialect, the limits Azure and OpenAI put on it, its price.

Facts only, with their source (azure-openai.md sections A.3, A.5, B.3, B.6, F); no decisions.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Dialect(StrEnum):
    """The two families of routes."""

    VIDEOS = "videos"
    JOBS = "jobs"


@dataclass(frozen=True, slots=True)
class Model:
    """One video model."""

    name: str
    dialect: Dialect
    in_flight: int
    """Renders that may be queued or running at the same time, per deployment (A.5, B.6)."""
    creates_per_minute: int
    usd_per_s: dict[str, Decimal] | None
    """By the short side of the picture; None where no price was found (section F, read 2026-11-22)."""


SORA_1 = Model("sora", Dialect.JOBS, in_flight=2, creates_per_minute=60, usd_per_s=None)
SORA_2 = Model("sora-2", Dialect.VIDEOS, in_flight=2, creates_per_minute=2, usd_per_s={"720": Decimal("0.10")})
SORA_2_PRO = Model(
    "sora-2-pro",
    Dialect.VIDEOS,
    in_flight=2,
    creates_per_minute=2,
    usd_per_s={"720": Decimal("0.30"), "1024": Decimal("0.50"), "1080": Decimal("0.70")},
)
MODELS = {model.name: model for model in (SORA_1, SORA_2, SORA_2_PRO)}


def price_usd(model: Model, *, width: int, height: int, seconds: int, films: int) -> Decimal | None:
    """Return what a render costs, or None where no price is known. Sora 1 would be paid per variant (section F)."""
    per_s = (model.usd_per_s or {}).get(str(min(width, height)))
    return None if per_s is None else per_s * seconds * films
