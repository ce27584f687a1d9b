"""The one catalogue of what can go wrong, for HTTP answers and for failed jobs alike, and the RFC 9457 document."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

TYPE_BASE = "urn:ai-content-lab:problem:"

Money = Literal["none", "may_be_spent", "spent"]


class Code(StrEnum):
    """Stable codes; clients switch on them, texts may change."""

    MALFORMED_JSON = "malformed_json"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    BODY_TOO_LARGE = "body_too_large"
    VALIDATION_FAILED = "validation_failed"
    BAD_CURSOR = "bad_cursor"
    OWNER_REQUIRED = "owner_required"
    NOT_FOUND = "not_found"
    NOT_READY = "not_ready"
    VIDEO_EXPIRED = "video_expired"
    ALREADY_FINAL = "already_final"
    JOB_DELETED = "job_deleted"
    NOT_RETRYABLE = "not_retryable"
    CONFIRM_NEW_CHARGE = "confirm_new_charge"
    NOT_DISPUTED = "not_disputed"
    RENDER_UNKNOWN = "render_unknown"
    RENDER_CLAIMED = "render_claimed"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    QUEUE_FULL = "queue_full"
    NOT_CONFIGURED = "not_configured"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    INTERNAL = "internal"

    MODERATED_INPUT = "moderated_input"
    MODERATED_OUTPUT = "moderated_output"
    REFERENCE_REFUSED = "reference_refused"
    PROVIDER_REFUSED = "provider_refused"
    QUOTA = "quota"
    PROVIDER_AUTH = "provider_auth"
    PROVIDER_FORBIDDEN = "provider_forbidden"
    DEPLOYMENT_MISSING = "deployment_missing"
    PROVIDER_RETIRED = "provider_retired"
    PROVIDER_ERROR = "provider_error"
    RENDER_GONE = "render_gone"
    SUBMISSION_UNCLEAR = "submission_unclear"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    STORAGE = "storage"


@dataclass(frozen=True)
class Entry:
    """What the catalogue says of one code: a title, the HTTP status, and what to change or do next.

    `retry_helps`: whether the same request may succeed by itself later. `money`: what a job that ends with this code
    says of it; empty for codes that only answer a request, which never spends anything. `needs_operator`: the lane
    shows it as what needs attention.
    """

    title: str
    status: int
    advice: str
    retry_helps: bool = False
    money: tuple[Money, ...] = ()
    needs_operator: bool = False

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, without a word of the provider's."""
        return f"{self.title}. {self.advice}"


CATALOGUE: dict[Code, Entry] = {
    Code.MALFORMED_JSON: Entry("The body is not JSON", 400, "Send one JSON object, UTF-8."),
    Code.UNSUPPORTED_MEDIA_TYPE: Entry("The content type is not taken here", 415, "Send application/json."),
    Code.BODY_TOO_LARGE: Entry("The body is too large", 413, "Send a smaller body."),
    Code.VALIDATION_FAILED: Entry("The request has invalid values", 422, "Correct what `errors` points at."),
    Code.BAD_CURSOR: Entry("The cursor is not one of ours", 400, "Start again without a cursor."),
    Code.OWNER_REQUIRED: Entry("The caller is not known", 401, "Sign in, or name the owner as the settings ask."),
    Code.NOT_FOUND: Entry("There is no such thing", 404, "Check the id; ids of other owners are not found either."),
    Code.NOT_READY: Entry("There is no video yet", 409, "Wait until the job has succeeded.", retry_helps=True),
    Code.VIDEO_EXPIRED: Entry("The video is not kept any more", 410, "Submit the job again for a new video."),
    Code.ALREADY_FINAL: Entry("The job has already ended", 409, "A final state never changes."),
    Code.JOB_DELETED: Entry("The job made with this key was deleted", 410, "Use a fresh key for a new job."),
    Code.NOT_RETRYABLE: Entry("Only a failed or cancelled job is retried", 409, "Submit a new job instead."),
    Code.CONFIRM_NEW_CHARGE: Entry(
        "A new render may be paid for twice", 409, "Resolve the job first, or send confirm_new_charge: true."
    ),
    Code.NOT_DISPUTED: Entry("The job's cost is not disputed", 409, "There is nothing to resolve."),
    Code.RENDER_UNKNOWN: Entry("The provider does not know this render", 404, "Check the id and the lane."),
    Code.RENDER_CLAIMED: Entry("The render belongs to another job", 409, "Use that job's video."),
    Code.PROVIDER_UNAVAILABLE: Entry("The provider does not answer", 503, "Try again shortly.", retry_helps=True),
    Code.IDEMPOTENCY_KEY_REUSED: Entry(
        "The Idempotency-Key belongs to another request", 422, "Use a fresh key for a different request."
    ),
    Code.QUEUE_FULL: Entry("Too many open jobs", 429, "Wait until some have ended.", retry_helps=True),
    Code.NOT_CONFIGURED: Entry("A setting is missing or wrong", 503, "See /env/status."),
    Code.STORAGE_UNAVAILABLE: Entry("The storage does not answer", 503, "Try again shortly.", retry_helps=True),
    Code.INTERNAL: Entry(
        "Something unplanned happened",
        500,
        "Try again; if it stays, report the correlation id or the job's id.",
        retry_helps=True,
        money=("none",),
    ),
    Code.MODERATED_INPUT: Entry(
        "The prompt was refused by moderation",
        422,
        "Change the prompt: the same words are refused again.",
        money=("none", "may_be_spent"),
    ),
    Code.MODERATED_OUTPUT: Entry(
        "The finished video was withheld by moderation",
        422,
        "Change the prompt; the same one may be withheld again and be paid for again.",
        money=("may_be_spent",),
    ),
    Code.REFERENCE_REFUSED: Entry(
        "The reference image was refused",
        422,
        "Use a png, jpeg or webp of exactly the video's size, without people.",
        money=("none",),
    ),
    Code.PROVIDER_REFUSED: Entry(
        "The provider refused the request",
        502,
        "Change what the provider's words in the timeline name.",
        money=("none",),
    ),
    Code.QUOTA: Entry(
        "The account's quota is used up",
        502,
        "The operator must raise the quota or settle the bill; then retry.",
        money=("none",),
        needs_operator=True,
    ),
    Code.PROVIDER_AUTH: Entry(
        "The provider does not accept our key",
        502,
        "The operator must correct the lane's key or identity; then retry.",
        money=("none",),
        needs_operator=True,
    ),
    Code.PROVIDER_FORBIDDEN: Entry(
        "The provider denies access",
        502,
        "The operator must check roles, network rules and whether the account is blocked; then retry.",
        money=("none",),
        needs_operator=True,
    ),
    Code.DEPLOYMENT_MISSING: Entry(
        "The deployment does not exist, or is not ready yet",
        502,
        "Retry after five minutes, which a new deployment needs; if that fails, the operator must check its name.",
        retry_helps=True,
        money=("none",),
        needs_operator=True,
    ),
    Code.PROVIDER_RETIRED: Entry(
        "The model was retired", 502, "Choose another model.", money=("none",), needs_operator=True
    ),
    Code.PROVIDER_ERROR: Entry(
        "The provider failed to render", 502, "Retry the job.", retry_helps=True, money=("may_be_spent",)
    ),
    Code.RENDER_GONE: Entry(
        "The render vanished at the provider",
        502,
        "Retry the job; it buys a new render.",
        retry_helps=True,
        money=("may_be_spent",),
    ),
    Code.SUBMISSION_UNCLEAR: Entry(
        "It is unclear whether the provider took the request",
        502,
        "Look for the render at the provider, then resolve the job: by its id, or as not charged.",
        money=("may_be_spent",),
    ),
    Code.DEADLINE: Entry(
        "No provider accepted the job in time",
        504,
        "Retry when the queue is shorter, or give the job a longer deadline.",
        retry_helps=True,
        money=("none",),
    ),
    Code.CANCELLED: Entry(
        "The job was cancelled",
        409,
        "Retry it if you want it after all: a render that was paid for is stored while the provider has it.",
        retry_helps=True,
        money=("none", "spent"),
    ),
    Code.STORAGE: Entry(
        "The video could not be stored",
        502,
        "Retry the job within a day: its render is stored for nothing while the provider has it.",
        retry_helps=True,
        money=("spent",),
    ),
}
"""Every code. A render that surfaces after its job ended turns `money` into `spent`, whatever the code."""


class FieldError(BaseModel):
    """One thing wrong with a request: where (a JSON pointer into the body, or a parameter's name) and what."""

    pointer: str
    detail: str


class JobProblem(BaseModel):
    """Why a job failed or was cancelled, and whether money was or may have been spent."""

    code: Code
    title: str
    detail: str
    advice: str
    retry_helps: bool
    money: Money


class Problem(BaseModel):
    """An RFC 9457 problem document, with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    instance: str | None = None
    advice: str | None = None
    errors: list[FieldError] = Field(default_factory=list[FieldError])
    correlation_id: str | None = None


def job_problem(
    code: Code, detail: str, *, money: Money, advice: str | None = None, retry_helps: bool | None = None
) -> JobProblem:
    """Complete a job's problem from the catalogue; what is known better since then is said instead."""
    entry = CATALOGUE[code]
    return JobProblem(
        code=code,
        title=entry.title,
        detail=detail,
        advice=advice or entry.advice,
        retry_helps=entry.retry_helps if retry_helps is None else retry_helps,
        money=money,
    )
