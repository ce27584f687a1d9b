"""What a request for a video comes to, or the problem that says why it cannot be had."""

from shared import submission
from shared.config import NotConfiguredError, configuration
from shared.http import ProblemError
from shared.models.job import JobRequest
from shared.models.problem import Code
from shared.submission import Invalid, Terms


def terms_of(request: JobRequest) -> Terms:
    """Complete a request and check it against what is configured."""
    pools = configuration().pools
    if not pools:
        raise NotConfiguredError("no video model is configured; see /env/status")
    terms = submission.terms(request, pools)
    if isinstance(terms, Invalid):
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", terms.errors)
    return terms
