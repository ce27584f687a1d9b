"""What a job costs before it is bought. Pure: the price comes with the lane, from the catalogue or the settings."""

from decimal import Decimal

from shared.lanes import Lane


def quote(lane: Lane, size: str, seconds: int, variants: int) -> Decimal | None:
    """Price of a job in US dollars, exact; None where no price is known, never zero for that reason."""
    price = lane.price_usd_per_s(size)
    return None if price is None else (price * seconds * variants).quantize(Decimal("0.0001"))


def settled(quoted: Decimal | None, ordered: int, made: int) -> Decimal | None:
    """Price of what was really made: a provider may produce fewer variants than were ordered."""
    if quoted is None or made >= ordered:
        return quoted
    return (quoted * made / ordered).quantize(Decimal("0.0001"))
