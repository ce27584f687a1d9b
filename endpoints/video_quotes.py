"""`/videos/quote`: what a job would cost, before it is bought."""

import azure.durable_functions as df
import azure.functions as func

from endpoints.terms import terms_of
from shared import http, pricing
from shared.lanes import catalogue
from shared.models.job import JobRequest
from shared.models.lane_view import Quote

bp = df.Blueprint()


@bp.route(route="videos/quote", methods=["POST"])
@http.answers
async def quote_video(req: func.HttpRequest) -> func.HttpResponse:
    """Price the same body that would submit the job; nothing is written and nothing is read."""
    http.owner_of(req)
    request = http.body_of(req, JobRequest)
    terms = terms_of(request)
    lane, known = terms.lane, catalogue()
    source = known.models[lane.model].price_source if lane.model in known.models else None
    return http.reply(
        Quote(
            model=lane.model,
            size=terms.size,
            seconds=terms.seconds,
            variants=request.variants,
            lane=lane.name,
            usd=pricing.quote(lane, terms.size, terms.seconds, request.variants),
            usd_per_second=lane.price_usd_per_s(terms.size),
            price_source=f"{source} (checked on {known.checked_on})" if source else "the operator's settings",
        )
    )
