"""Every setting of the app, read once per process. A missing or contradictory one is a sentence, never a stack trace:
what is wrong stands in `Settings.faults`, and /env/status is generated from the same class.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from shared.lanes import Api, Lane, Offer, Pool, catalogue, pools_of

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class NotConfiguredError(Exception):
    """The settings do not allow what was asked; the text is fit to be shown."""


class LaneSetting(BaseModel):
    """One element of LANES. What is left out comes from the known model of that name."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    model: _Name
    endpoint: HttpUrl
    deployment: str
    api: Api | None = None
    api_key: SecretStr | None = None
    api_key_setting: str | None = None
    max_in_flight: int | None = Field(default=None, ge=1, le=100)
    creates_per_minute: int | None = Field(default=None, ge=1, le=600)
    offers: tuple[Offer, ...] | None = Field(default=None, min_length=1)
    usd_per_second: Decimal | None = Field(default=None, ge=0)
    typical_render_s: float | None = Field(default=None, gt=0)
    on_lost_reply: Literal["hold", "resubmit"] = "hold"
    exclusive: bool = False

    def lane(self) -> Lane:
        """Complete the setting from the catalogue; NotConfiguredError says what is missing."""
        known = catalogue().models.get(self.model)
        said = self.model_dump(exclude={"api_key_setting"}, exclude_none=True)
        facts = known.model_dump(exclude_none=True, exclude={"price_source", "retirement_source"}) if known else {}
        if "offers" in said:
            facts |= {"default_size": said["offers"][0]["sizes"][0], "default_seconds": said["offers"][0]["seconds"][0]}
        if missing := {"api", "offers"} - said.keys() - facts.keys():
            raise NotConfiguredError(
                f"lane {self.name}: {self.model} is not in the catalogue, so give its {' and '.join(sorted(missing))}"
            )
        unknown = {"max_in_flight": 1, "creates_per_minute": 60, "typical_render_s": 120.0}
        return Lane.model_validate(unknown | facts | said | {"api_key": self._key()})

    def _key(self) -> SecretStr | None:
        if self.api_key_setting is None:
            return self.api_key
        value = os.environ.get(self.api_key_setting)
        if not value:
            raise NotConfiguredError(f"lane {self.name}: the setting {self.api_key_setting} is not there")
        return SecretStr(value)


def _json_list(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


class Settings(BaseSettings):
    """The app's settings; names are the environment variables' in lower case."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    sora_aoai_resource: str | None = Field(
        default=None, description="Azure OpenAI resource of the video model: the NAME in https://NAME.openai.azure.com"
    )
    sora_endpoint: HttpUrl | None = Field(
        default=None, description="Instead of the resource: base URL of any server that speaks the API, up to /v1"
    )
    sora_deployment: str | None = Field(default=None, description="Deployment name, or model name off Azure")
    sora_model: _Name | None = Field(default=None, description="The model's name for users; else by SORA_API")
    sora_api: Api = Field(default="videos", description="Dialect: `videos` (/videos) or `jobs` (Sora 1 jobs)")
    sora_aoai_api_key: SecretStr | None = Field(
        default=None, description="Key of the video provider; none on Azure means the app's managed identity"
    )
    sora_max_in_flight: int | None = Field(default=None, ge=1, le=100, description="Renders at once at the provider")
    sora_creates_per_minute: int | None = Field(default=None, ge=1, le=600, description="Creates a minute")
    sora_exclusive: bool = Field(
        default=False, description="Whether nobody else renders on this resource: then a lost render is told by that"
    )
    sora_typical_render_s: float | None = Field(
        default=None, gt=0, description="Seconds a render takes, until the lane has a history of its own"
    )
    lanes: Annotated[tuple[LaneSetting, ...], NoDecode, BeforeValidator(_json_list)] = Field(
        default=(), description="More deployments: a JSON list of lanes (README, section Settings)"
    )
    token_scope: str = Field(
        default="https://ai.azure.com/.default", description="Scope of the identity's token for Azure OpenAI"
    )
    storage_connection_string: SecretStr | None = Field(
        default=None, description="Connection string of the media storage (development)"
    )
    storage_account_name: str | None = Field(
        default=None, description="Instead of it: the media storage account, reached with the managed identity"
    )
    link_ttl_s: int = Field(default=900, ge=1, le=86_400, description="How long a link to a video works, in seconds")
    media_retention_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="Days after which a finished job's videos are gone (the storage deletes them); unset: never",
    )
    owner_mode: Literal["local", "key", "entra"] = Field(
        default="key", description="Who a job belongs to: `local` (one owner), `key` or `entra`"
    )
    owner_header: str | None = Field(
        default=None, description="In mode `key`: the header a trusted front end names the owner in; unset: one owner"
    )
    max_open_jobs: int = Field(default=200, ge=1, le=1000, description="Open jobs an owner may have")
    default_deadline_s: int = Field(
        default=1800, ge=60, le=86_400, description="Seconds until a job that was not accepted by a provider fails"
    )
    telemetry_prompts: bool = Field(default=False, description="Whether prompts may appear in telemetry")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment only: app settings are environment variables on every host."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings


@dataclass(frozen=True)
class Fault:
    """What is wrong with a setting, in a sentence fit to be shown."""

    setting: str
    message: str


@dataclass(frozen=True)
class Configuration:
    """The settings as read, what is wrong with them, and the pools they make."""

    settings: Settings
    faults: tuple[Fault, ...]
    pools: Mapping[str, Pool]


def read() -> Configuration:
    """Read the environment anew. A setting that does not parse counts as its default, and as a fault."""
    try:
        settings, faults = Settings(), list[Fault]()
    except ValidationError as error:
        faults = [
            Fault(str(e["loc"][0]).upper(), _sentence(e["loc"], e["msg"])) for e in error.errors(include_input=False)
        ]
        defaults = {name: field.default for name, field in Settings.model_fields.items()}
        settings = Settings(**{fault.setting.lower(): defaults[fault.setting.lower()] for fault in faults})
    lanes: list[Lane] = []
    for setting, lane in _lane_settings(settings):
        try:
            lanes.append(lane.lane())
        except NotConfiguredError as error:
            faults.append(Fault(setting, str(error)))
    faults.extend(_contradictions(settings, lanes))
    return Configuration(settings, tuple(faults), pools_of(lanes))


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    inside = ".".join(str(part) for part in location[1:])
    return f"{inside}: {message}" if inside else message


def _lane_settings(settings: Settings) -> Iterator[tuple[str, LaneSetting]]:
    if settings.sora_deployment and (settings.sora_endpoint or settings.sora_aoai_resource):
        url = settings.sora_endpoint or f"https://{settings.sora_aoai_resource}.openai.azure.com/openai/v1"
        yield (
            "SORA_MODEL",
            LaneSetting.model_validate(
                {
                    "name": "main",
                    "model": settings.sora_model or ("sora-2" if settings.sora_api == "videos" else "sora"),
                    "api": settings.sora_api,
                    "endpoint": url,
                    "deployment": settings.sora_deployment,
                    "api_key": settings.sora_aoai_api_key,
                    "max_in_flight": settings.sora_max_in_flight,
                    "creates_per_minute": settings.sora_creates_per_minute,
                    "typical_render_s": settings.sora_typical_render_s,
                    "exclusive": settings.sora_exclusive,
                }
            ),
        )
    yield from (("LANES", lane) for lane in settings.lanes)


def _contradictions(settings: Settings, lanes: list[Lane]) -> Iterator[Fault]:
    if settings.sora_aoai_resource and settings.sora_endpoint:
        yield Fault("SORA_ENDPOINT", "set SORA_AOAI_RESOURCE or SORA_ENDPOINT, not both; SORA_ENDPOINT is used")
    if not lanes:
        yield Fault(
            "SORA_DEPLOYMENT",
            "no video model is configured: set SORA_DEPLOYMENT with SORA_AOAI_RESOURCE or SORA_ENDPOINT, or LANES",
        )
    if len({lane.name for lane in lanes}) < len(lanes):
        yield Fault("LANES", "two lanes have the same name (`main` is the one of the SORA_ settings)")
    if settings.storage_connection_string and settings.storage_account_name:
        yield Fault("STORAGE_ACCOUNT_NAME", "set STORAGE_CONNECTION_STRING or STORAGE_ACCOUNT_NAME, not both")
    connection = settings.storage_connection_string.get_secret_value() if settings.storage_connection_string else None
    if connection and "AccountName=" not in connection and connection != "UseDevelopmentStorage=true":
        yield Fault("STORAGE_CONNECTION_STRING", "this is no connection string: it names no account")
    if settings.sora_endpoint and (settings.sora_endpoint.username or settings.sora_endpoint.password):
        yield Fault("SORA_ENDPOINT", "put no user or password into the address; the key has a setting of its own")
    if not settings.storage_connection_string and not settings.storage_account_name:
        yield Fault("STORAGE_ACCOUNT_NAME", "set STORAGE_ACCOUNT_NAME (or STORAGE_CONNECTION_STRING for development)")
    if settings.owner_mode == "local" and os.environ.get("WEBSITE_INSTANCE_ID"):
        yield Fault("OWNER_MODE", "`local` is for one machine; on Azure use `key` or `entra`")
    if settings.owner_mode == "entra" and os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() != "true":
        yield Fault("OWNER_MODE", "`entra` needs App Service authentication, which is not on")


@cache
def configuration() -> Configuration:
    """Return what this process was started with; read once."""
    return read()


def settings() -> Settings:
    """Return the settings of this process."""
    return configuration().settings
