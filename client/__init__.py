"""The Python client of AI Content Lab: typed jobs over HTTP. It knows the public API and no code of the server."""

from client.errors import LabError, Problem, ProblemItem, UnreachableError
from client.lab import LabClient
from client.models import ContentLink, Cost, Eta, Generation, Job, JobPage, JobState, LabStatus, QueuePlace

__all__ = [
    "ContentLink",
    "Cost",
    "Eta",
    "Generation",
    "Job",
    "JobPage",
    "JobState",
    "LabClient",
    "LabError",
    "LabStatus",
    "Problem",
    "ProblemItem",
    "QueuePlace",
    "UnreachableError",
]
