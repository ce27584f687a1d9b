"""What an emulator can be told: its key, deployments, limits, and the profile of the service it plays.

It knows nothing of requests or renders.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from local.azure_openai.models import MODELS, SORA_1, SORA_2, SORA_2_PRO, Model

WELL_KNOWN_KEY = "emulator-key"
"""The key of an emulator that was not given one. It is public and protects nothing."""

AUDIENCES = ("https://cognitiveservices.azure.com", "https://ai.azure.com")
"""What an Entra token must have been asked for (azure-openai.md A.1)."""


class Quirk(StrEnum):
    """What the service does in some places and not in others."""

    NULL_PROMPTS = "null-prompts"
    """`prompt` is null in every object of `/videos`, as in Azure's samples (B.4)."""
    SPARSE_REPLIES = "sparse-replies"
    """The reply to a create leaves out every key that is still null (B.4)."""
    EXTRA_KEYS = "extra-keys"
    """Videos carry a `quality` that no schema promises (B.4)."""
    EXPIRED_STATUS = "expired-status"
    """An expired render is still shown, as `expired`, instead of 404 (H 15)."""
    LEGACY_PATH = "legacy-path"
    """`/openai/videos`, where the SDK's Azure client calls, is answered like `/openai/v1/videos` (H 1)."""
    ANY_API_VERSION = "any-api-version"
    """The Sora 1 routes do not ask for `api-version=preview` (H 2)."""
    RETRY_AFTER_ON_CAP = "retry-after-on-cap"
    """"Too many running tasks" says when to try again (H 13)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The service an emulator plays."""

    name: str
    deployments: dict[str, str]
    seconds: tuple[str, ...]
    sizes: tuple[str, ...]
    """Sizes `/videos` accepts. Whether a film comes of one is `renders_size`'s business."""
    pro_sizes: tuple[str, ...] = ()
    failing_sizes: tuple[str, ...] = ()
    """Sizes that are accepted although the render then fails (B.3, seen on Azure)."""
    default_model: str | None = None
    has_jobs_api: bool = True
    is_capped: bool = True
    creates_per_minute: int | None = None
    """Instead of the model's own."""
    retention_s: float = 24 * 3600
    retention_begins_at_end: bool = False
    quirks: frozenset[Quirk] = frozenset()


_LANDSCAPE_AND_PORTRAIT = ("720x1280", "1280x720")
_TALLER = ("1024x1792", "1792x1024")
_AZURE = Profile(
    name="azure",
    deployments={"sora-2": SORA_2.name, "sora": SORA_1.name},
    seconds=("4", "8", "12"),
    sizes=(*_LANDSCAPE_AND_PORTRAIT, *_TALLER),
    failing_sizes=_TALLER,
)
PROFILES = {
    profile.name: profile
    for profile in (
        _AZURE,
        Profile(
            name="azure-null-prompts",
            deployments=_AZURE.deployments,
            seconds=_AZURE.seconds,
            sizes=_AZURE.sizes,
            failing_sizes=_AZURE.failing_sizes,
            quirks=frozenset({Quirk.NULL_PROMPTS}),
        ),
        Profile(
            name="openai",
            deployments={"sora-2": SORA_2.name, "sora-2-pro": SORA_2_PRO.name},
            seconds=("4", "8", "12", "16", "20"),
            sizes=(*_LANDSCAPE_AND_PORTRAIT, *_TALLER),
            pro_sizes=("1080x1920", "1920x1080"),
            default_model="sora-2",
            has_jobs_api=False,
            is_capped=False,  # concurrency is undocumented there (B.6)
            creates_per_minute=25,  # the lowest tier (B.6)
            retention_s=3600,
            retention_begins_at_end=True,
            quirks=frozenset({Quirk.SPARSE_REPLIES, Quirk.EXTRA_KEYS}),
        ),
    )
}


class BadConfigurationError(ValueError):
    """What was asked for cannot be; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything one emulator was told."""

    profile: Profile = field(default_factory=lambda: PROFILES["azure"])
    key: str = WELL_KNOWN_KEY
    deployments: dict[str, str] = field(default_factory=dict[str, str])
    """Deployment name to model name; the profile's own where empty."""
    render_s: float = 8.0
    max_in_flight: int | None = None
    creates_per_minute: int | None = None
    quirks: frozenset[Quirk] = frozenset()
    """On top of the profile's."""
    accepts_tokens: bool = True
    audiences: tuple[str, ...] = AUDIENCES

    def __post_init__(self) -> None:
        for name, model in self.deployments.items():
            if model not in MODELS:
                raise BadConfigurationError(f"deployment {name}: no model {model!r}, only {', '.join(MODELS)}")
        if not self.key:
            raise BadConfigurationError("the key must not be empty")
        if self.render_s <= 0:
            raise BadConfigurationError(f"a render takes more than {self.render_s:g} s")
        for what, limit in (("max-in-flight", self.max_in_flight), ("creates-per-minute", self.creates_per_minute)):
            if limit is not None and limit < 1:
                raise BadConfigurationError(f"{what} must be at least 1, not {limit}")

    def has(self, quirk: Quirk) -> bool:
        """Whether the service behaves that way."""
        return quirk in self.quirks or quirk in self.profile.quirks

    def model_of(self, deployment: str) -> Model | None:
        """Return the model behind a deployment, or None where there is no such deployment."""
        name = (self.deployments or self.profile.deployments).get(deployment)
        return MODELS[name] if name else None

    def cap(self, model: Model) -> int | None:
        """How many renders of one deployment may be in flight; None for any number."""
        if self.max_in_flight is not None:
            return self.max_in_flight
        return model.in_flight if self.profile.is_capped else None

    def rate(self, model: Model) -> int:
        """How many creates a minute one deployment takes."""
        return self.creates_per_minute or self.profile.creates_per_minute or model.creates_per_minute
