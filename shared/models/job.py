"""A job: what is asked for, what is recorded, and what happened to its render. The rows of jobs.py hold these."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from shared.ids import invert
from shared.lanes import shape_of
from shared.models.money import Usd
from shared.models.problem import JobProblem

MAX_PROMPT_CHARACTERS = 32_000
_MAX_UTF16_UNITS = 32_000  # one string property of Table Storage holds 32 Ki UTF-16 units
_FIRST_PRINTABLE = 0x20


class JobState(StrEnum):
    """Forward only: queued, running, storing, succeeded; failed and cancelled from every state that is not final."""

    QUEUED = "queued"
    RUNNING = "running"
    STORING = "storing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job can never change again."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


Priority = Literal["normal", "high"]


def _printable(text: str) -> str:
    # Each would be six characters of JSON, and all metadata has to fit into one property of Table Storage.
    if any(ord(character) < _FIRST_PRINTABLE for character in text):
        raise ValueError("control characters are not taken")
    return text


_Text = Annotated[StrictStr, StringConstraints(max_length=256), AfterValidator(_printable)]


def _storable(prompt: str) -> str:
    if not prompt.strip():
        raise ValueError("the prompt is blank")
    units = len(prompt.encode("utf-16-le")) // 2
    if units > _MAX_UTF16_UNITS:
        raise ValueError(f"the prompt has {units} UTF-16 units, at most {_MAX_UTF16_UNITS} are taken")
    return prompt


_Prompt = Annotated[
    StrictStr, StringConstraints(min_length=1, max_length=MAX_PROMPT_CHARACTERS), AfterValidator(_storable)
]
# It becomes a part of an address at the provider, which is asked with the lane's key: it must not name another one.
_RenderId = Annotated[StrictStr, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._:~=+-]{0,255}$")]


class JobRequest(BaseModel):
    """The body of `POST /videos/jobs`. Values are checked against the model's offers by submission.py."""

    model_config = ConfigDict(extra="forbid")

    prompt: _Prompt = Field(description="What to show")
    model: StrictStr | None = Field(
        default=None, min_length=1, description="A model of /env/status; else the first one"
    )
    size: StrictStr | None = Field(default=None, pattern=r"^\d{2,4}x\d{2,4}$", description="`1280x720`")
    width: StrictInt | None = Field(default=None, ge=1, description="With `height`, instead of `size`")
    height: StrictInt | None = Field(default=None, ge=1)
    seconds: StrictInt | None = Field(
        default=None, ge=1, validation_alias=AliasChoices("seconds", "n_seconds"), description="Or `n_seconds`"
    )
    variants: StrictInt = Field(
        default=1, ge=1, validation_alias=AliasChoices("variants", "n_variants"), description="Or `n_variants`"
    )
    deadline_s: StrictInt | None = Field(
        default=None, ge=60, le=86_400, description="Seconds within which a provider must have accepted the job"
    )
    priority: Priority = "normal"
    metadata: dict[_Text, _Text] = Field(default_factory=dict[str, str], max_length=16, description="≤ 16 string pairs")

    @model_validator(mode="after")
    def _one_way_to_say_the_size(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height go together")
        if self.width is not None and self.size is not None and self.size != f"{self.width}x{self.height}":
            raise ValueError("size contradicts width and height")
        return self

    @property
    def asked_size(self) -> str | None:
        """The size however it was said."""
        return self.size if self.width is None else f"{self.width}x{self.height}"


class RetryRequest(BaseModel):
    """The body of `POST /videos/jobs/{id}/retry`: what is to be different; what is left out stays as it was."""

    model_config = ConfigDict(extra="forbid")

    prompt: _Prompt | None = None
    size: StrictStr | None = Field(default=None, pattern=r"^\d{2,4}x\d{2,4}$")
    seconds: StrictInt | None = Field(default=None, ge=1)
    confirm_new_charge: bool = Field(
        default=False, description="Needed where it is unclear whether the first render was bought"
    )

    @property
    def changes(self) -> dict[str, Any]:
        """What is to be different."""
        return self.model_dump(include={"prompt", "size", "seconds"}, exclude_none=True)


class ResolveRequest(BaseModel):
    """The body of `POST /videos/jobs/{id}/resolve`: the render that was bought, or that none was."""

    model_config = ConfigDict(extra="forbid")

    render_id: _RenderId | None = None
    not_charged: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.render_id is not None) == self.not_charged:
            raise ValueError("say either render_id or not_charged: true")
        return self


class ImportRequest(BaseModel):
    """The body of `POST /videos/jobs/import`: a render made elsewhere, by its id at the provider of a lane."""

    model_config = ConfigDict(extra="forbid")

    render_id: _RenderId
    lane: StrictStr | None = Field(default=None, description="A lane of /lanes; else the first one")
    prompt: _Prompt | None = None
    metadata: dict[_Text, _Text] = Field(default_factory=dict[str, str], max_length=16)


class Generation(BaseModel):
    """One stored video of a job."""

    id: str
    blob: str
    content_type: str
    bytes: int
    seconds: float
    width: int
    height: int
    has_audio: bool
    copied_s: float | None = None  # how long the copy took; None where an earlier try had stored it
    pictures: list[str] = Field(default_factory=list[str])


CostState = Literal["reserved", "settled", "released", "disputed"]


class Cost(BaseModel):
    """Money of a job in US dollars; None where no price is known, never zero for that reason."""

    usd: Usd
    state: CostState


class JobRef(BaseModel):
    """What a story is started with: where the job's row is. Nothing here ever changes, so racing starts are equal."""

    job_id: str
    owner: str
    model: str


class Admitted(BaseModel):
    """A job whose story is to be started now, and the trace it was asked for in, where there is one."""

    ref: JobRef
    traceparent: str | None = None


class Job(BaseModel):
    """The job's row. `owner` is the hash that names the partition."""

    model_config = ConfigDict(hide_input_in_errors=True)  # an error that is logged must not tell the prompt

    id: str
    owner: str
    state: JobState
    prompt: str
    model: str
    size: str
    seconds: int
    variants: int
    priority: Priority
    metadata: dict[str, str]
    deadline_at: datetime
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    lane: str | None = None
    attempts: int = 0
    render_id: str | None = None
    accepted_at: datetime | None = None
    generations: list[Generation] = Field(default_factory=list[Generation])
    cost_usd: Decimal | None = None
    cost_state: CostState = "reserved"
    problem: JobProblem | None = None
    cancel_requested: bool = False
    parent_id: str | None = None
    deleted_at: datetime | None = None
    deletes_assets: bool = False

    @property
    def inv(self) -> str:
        """The inverted ULID that row keys carry."""
        return invert(self.ulid)

    @property
    def ulid(self) -> str:
        """The ULID of the id."""
        return self.id.removeprefix("job_")

    @property
    def shape(self) -> str:
        """What decides how long a render takes, as far as a job says it."""
        return shape_of(self.size, self.seconds, self.variants)

    @property
    def ref(self) -> JobRef:
        """What the job's story is started with."""
        return JobRef(job_id=self.id, owner=self.owner, model=self.model)

    def changed(self, at: datetime, **values: Any) -> Self:
        """Return a copy with other values, updated at that time; reaching a final state sets `finished_at`."""
        copy = self.model_copy(update={"updated_at": at, **values})
        return copy.model_copy(update={"finished_at": at}) if copy.state.is_final and not self.state.is_final else copy


class Sample(BaseModel):
    """What one look saw and foretold: progress where it was said, and seconds until the end with their band."""

    at: datetime
    progress: int | None
    remaining_s: float
    earliest_s: float
    latest_s: float


class Live(BaseModel):
    """What a look leaves behind: progress and prediction. Written without ETag, so it decides nothing."""

    looks: int = 0
    looked_at: datetime | None = None
    progress: int | None = None
    samples: list[Sample] = Field(default_factory=list[Sample])
    ratios: list[float] | None = None  # the lane's, as the first look that was told progress read them
    eta_at: datetime | None = None
    eta_earliest: datetime | None = None
    eta_latest: datetime | None = None
    missing_at: list[datetime] = Field(default_factory=list[datetime])
    overdue: bool = False
    attention: str | None = None


AttemptEnd = Literal["accepted", "refused", "busy", "not_sent", "absent", "unclear"]


class Attempt(BaseModel):
    """One try to create the render, written before the request leaves and concluded exactly once."""

    n: int
    lane: str
    sent_at: datetime
    server_error: int | None = None
    lost_at: datetime | None = None
    looked: int = 0
    concluded: AttemptEnd | None = None
    detail: str | None = None
    code: str | None = None
    render_id: str | None = None


class TimelineEvent(BaseModel):
    """One line of a job's flight record."""

    name: str
    at: datetime
    kind: str
    data: dict[str, Any]
