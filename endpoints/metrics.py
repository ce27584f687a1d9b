"""`/metrics`: what this instance has told operators since it began, for a machine without Azure Monitor."""

import azure.durable_functions as df
import azure.functions as func

from shared import http, telemetry
from shared.models.metrics import Metrics, MetricView

bp = df.Blueprint()


@bp.route(route="metrics", methods=["GET"])
@http.answers
async def get_metrics(req: func.HttpRequest) -> func.HttpResponse:
    """Show every metric with its labels; no job and no owner is among them."""
    http.owner_of(req)
    return http.reply(Metrics(metrics=[_view(*told) for told in telemetry.summary()]))


def _view(name: str, labels: dict[str, telemetry.Attribute], series: telemetry.Series) -> MetricView:
    metric = telemetry.METRICS[name]
    return MetricView(
        name=name,
        unit=metric.unit,
        kind=metric.kind,
        description=metric.description,
        labels={label: str(value) for label, value in labels.items()},
        count=series.count,
        total=series.total,
        most=series.most,
    )
