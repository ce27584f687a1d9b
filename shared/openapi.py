"""The OpenAPI 3.1 document, built from the same pydantic models that read requests and write answers.

docs/openapi.json is its committed copy; a test compares the two, and the routes with the functions that are registered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.models.environment import EnvStatus, Health
from shared.models.job import ImportRequest, JobRequest, JobState, ResolveRequest, RetryRequest
from shared.models.job_view import ContentLink, Deleted, JobList, JobView, Timeline
from shared.models.lane_view import LaneList, LaneStatus, Quote
from shared.models.metrics import Metrics
from shared.models.problem import CATALOGUE, Code, Problem

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one path: what it takes and what it answers."""

    method: str
    path: str
    id: str
    summary: str
    answers: dict[int, type[BaseModel] | None]
    problems: Sequence[Code] = ()
    parameters: Sequence[Json] = ()
    body: type[BaseModel] | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    is_open: bool = False


def _parameter(name: str, where: str, schema: Json, description: str) -> Json:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "schema": schema,
        "description": description,
    }


_JOB_ID = _parameter("job_id", "path", {"type": "string", "pattern": "^job_[0-9A-Z]{26}$"}, "Id of a job")
_LANE_ID = _parameter("lane_id", "path", {"type": "string"}, "Name of a lane")
_KEY = _parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "The same key and request gives the same job for seven days",
)
_BODY = (Code.MALFORMED_JSON, Code.UNSUPPORTED_MEDIA_TYPE, Code.BODY_TOO_LARGE)
_COMMON = (Code.OWNER_REQUIRED, Code.NOT_CONFIGURED, Code.STORAGE_UNAVAILABLE, Code.INTERNAL)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/videos/jobs",
        "submit_video_job",
        "Take a job in",
        {202: JobView},
        (*_BODY, Code.VALIDATION_FAILED, Code.JOB_DELETED, Code.IDEMPOTENCY_KEY_REUSED, Code.QUEUE_FULL, *_COMMON),
        (_KEY,),
        JobRequest,
        {
            "Location": "Address of the job",
            "Retry-After": "Seconds until a look is worth it",
            "Idempotency-Replayed": "`true` when the key had made this job before",
        },
    ),
    Operation(
        "get",
        "/videos/jobs",
        "list_video_jobs",
        "List jobs, newest first",
        {200: JobList},
        (Code.VALIDATION_FAILED, Code.BAD_CURSOR, *_COMMON),
        (
            _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "Page size"),
            _parameter("cursor", "query", {"type": "string"}, "`next_cursor` of the page before"),
            _parameter("state", "query", {"enum": [str(state) for state in JobState]}, "Only jobs in this state"),
            _parameter("cost", "query", {"enum": ["disputed"]}, "Only failed jobs whose cost is unclear"),
        ),
    ),
    Operation(
        "get",
        "/videos/jobs/{job_id}",
        "get_video_job",
        "Show a job",
        {200: JobView},
        (Code.NOT_FOUND, *_COMMON),
        (_JOB_ID,),
        headers={"Retry-After": "Seconds until another look is worth it; absent once the job has ended"},
    ),
    Operation(
        "get",
        "/videos/jobs/{job_id}/timeline",
        "get_video_job_timeline",
        "Show the flight record of a job, oldest first",
        {200: Timeline},
        (Code.NOT_FOUND, *_COMMON),
        (_JOB_ID,),
    ),
    Operation(
        "post",
        "/videos/jobs/{job_id}/cancel",
        "cancel_video_job",
        "Cancel a job: at once while it is queued, else as soon as its story sees the flag",
        {200: JobView, 202: JobView},
        (Code.NOT_FOUND, Code.ALREADY_FINAL, *_COMMON),
        (_JOB_ID,),
    ),
    Operation(
        "delete",
        "/videos/jobs/{job_id}",
        "delete_video_job",
        "Delete a job; with the id `failed`, up to 200 failed ones",
        {204: None, 200: Deleted},
        (Code.NOT_FOUND, Code.VALIDATION_FAILED, *_COMMON),
        (
            _parameter("job_id", "path", {"type": "string"}, "Id of a job, or `failed`"),
            _parameter("assets", "query", {"enum": ["keep", "delete"], "default": "keep"}, "`delete`: its videos too"),
        ),
    ),
    Operation(
        "post",
        "/videos/jobs/{job_id}/retry",
        "retry_video_job",
        "Make a new job of one that failed or was cancelled; store its render for nothing where it is still there",
        {202: JobView},
        (
            *_BODY,
            Code.VALIDATION_FAILED,
            Code.NOT_FOUND,
            Code.NOT_RETRYABLE,
            Code.CONFIRM_NEW_CHARGE,
            Code.PROVIDER_UNAVAILABLE,
            Code.JOB_DELETED,
            Code.IDEMPOTENCY_KEY_REUSED,
            Code.QUEUE_FULL,
            *_COMMON,
        ),
        (_JOB_ID, _KEY),
        RetryRequest,
    ),
    Operation(
        "post",
        "/videos/jobs/{job_id}/resolve",
        "resolve_video_job",
        "Settle a job whose submission is unclear",
        {200: JobView},
        (
            *_BODY,
            Code.VALIDATION_FAILED,
            Code.NOT_FOUND,
            Code.NOT_DISPUTED,
            Code.RENDER_UNKNOWN,
            Code.RENDER_CLAIMED,
            Code.PROVIDER_UNAVAILABLE,
            *_COMMON,
        ),
        (_JOB_ID,),
        ResolveRequest,
    ),
    Operation(
        "post",
        "/videos/jobs/import",
        "import_video_job",
        "Adopt a render made elsewhere by its id at the provider",
        {202: JobView},
        (
            *_BODY,
            Code.VALIDATION_FAILED,
            Code.NOT_FOUND,
            Code.RENDER_UNKNOWN,
            Code.RENDER_CLAIMED,
            Code.PROVIDER_UNAVAILABLE,
            Code.JOB_DELETED,
            Code.IDEMPOTENCY_KEY_REUSED,
            *_COMMON,
        ),
        (_KEY,),
        ImportRequest,
    ),
    Operation(
        "get",
        "/videos/generations/{generation_id}/content",
        "get_video_content",
        "Get a short link to a video, or to a picture of it",
        {200: ContentLink, 302: None},
        (Code.NOT_FOUND, Code.NOT_READY, Code.VIDEO_EXPIRED, Code.VALIDATION_FAILED, *_COMMON),
        (
            _parameter("generation_id", "path", {"type": "string"}, "Id of a generation"),
            _parameter("redirect", "query", {"type": "boolean", "default": True}, "`false`: show the link as JSON"),
            _parameter("variant", "query", {"enum": ["video", "poster", "sprite", "gif"], "default": "video"}, "Which"),
            _parameter("inline", "query", {"type": "boolean", "default": False}, "`true`: play instead of download"),
        ),
        headers={"Location": "The link, when redirected"},
    ),
    Operation(
        "post",
        "/videos/quote",
        "quote_video",
        "Price a job before it is bought",
        {200: Quote},
        (*_BODY, Code.VALIDATION_FAILED, Code.OWNER_REQUIRED, Code.NOT_CONFIGURED, Code.INTERNAL),
        body=JobRequest,
    ),
    Operation("get", "/lanes", "list_lanes", "Show what every lane is doing", {200: LaneList}, _COMMON),
    Operation(
        "post",
        "/lanes/{lane_id}/pause",
        "pause_lane",
        "Let nobody start on a lane any more",
        {200: LaneStatus},
        (Code.NOT_FOUND, *_COMMON),
        (_LANE_ID,),
    ),
    Operation(
        "post",
        "/lanes/{lane_id}/resume",
        "resume_lane",
        "Open a lane again",
        {200: LaneStatus},
        (Code.NOT_FOUND, *_COMMON),
        (_LANE_ID,),
    ),
    Operation("get", "/env/status", "get_env_status", "Show settings, faults and models", {200: EnvStatus}, _COMMON),
    Operation(
        "get", "/metrics", "get_metrics", "Show what this instance counted since it began", {200: Metrics}, _COMMON
    ),
    Operation("get", "/health", "get_health", "Say that the app answers", {200: Health}, is_open=True),
    Operation("get", "/openapi.json", "get_openapi", "This document", {200: None}, is_open=True),
)


def document(version: str) -> Json:
    """Build the document; the same input gives the same text."""
    models = sorted(_models(), key=lambda model: model.__name__)
    inputs = {operation.body for operation in OPERATIONS if operation.body}
    _, definitions = models_json_schema(
        [(model, "validation" if model in inputs else "serialization") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AI Content Lab",
            "version": version,
            "description": "Video jobs: a paid render is never bought twice, never lost, and never a mystery.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-functions-key"}},
            "schemas": definitions["$defs"],
        },
    }


def _models() -> set[type[BaseModel]]:
    answered = {model for operation in OPERATIONS for model in operation.answers.values() if model}
    return answered | {operation.body for operation in OPERATIONS if operation.body} | {Problem}


def _operation(operation: Operation) -> Json:
    responses = {str(status): _answer(model, operation) for status, model in operation.answers.items()}
    by_status: dict[int, list[Code]] = {}
    for code in operation.problems:
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": ", ".join(f"`{code}`" for code in codes),
            "content": {"application/problem+json": {"schema": _ref(Problem)}},
        }
    described: Json = {"operationId": operation.id, "summary": operation.summary, "responses": responses}
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(operation.body)}},
        }
    if operation.is_open:
        described["security"] = []
    return described


def _answer(model: type[BaseModel] | None, operation: Operation) -> Json:
    answer: Json = {"description": re.sub(r"\s+", " ", (model.__doc__ if model else None) or operation.summary).strip()}
    if model:
        answer["content"] = {"application/json": {"schema": _ref(model)}}
    if operation.headers:
        answer["headers"] = {
            name: {"schema": {"type": "string"}, "description": text} for name, text in operation.headers.items()
        }
    return answer


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
