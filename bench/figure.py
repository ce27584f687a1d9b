"""What one measurement says: a value, its unit, and the bar it is held against. Measures nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. At most one bar is given; a figure without one is only reported, and always holds.

    A bar stands on a ratio to something measured in the same run, or on a count. Where a bar is a time, the figure
    beside it says what that time is made of.
    """

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bar."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def bar(self) -> str:
        """The bar in words, empty without one."""
        if self.at_most is not None:
            return f"≤ {number(self.at_most)}"
        return "" if self.at_least is None else f"≥ {number(self.at_least)}"


def number(value: float) -> str:
    """Three digits that matter, and never an exponent: 12,340 · 12.3 · 0.0123."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004 - from here on, digits after the point say nothing
        return f"{value:,.0f}"
    return f"{float(f'{value:.3g}'):.6f}".rstrip("0").rstrip(".")
