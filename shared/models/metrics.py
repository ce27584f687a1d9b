"""What `/metrics` answers."""

from pydantic import BaseModel


class MetricView(BaseModel):
    """One metric under one set of labels: how often it was told, the sum, and the largest value."""

    name: str
    unit: str
    kind: str
    description: str
    labels: dict[str, str]
    count: int
    total: float
    most: float


class Metrics(BaseModel):
    """What one instance told since it began; on Azure, Application Insights has the sum of all instances."""

    metrics: list[MetricView]
