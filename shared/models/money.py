"""How amounts of money are written: US dollars as text, two to four decimals, null where no price is known."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer


def usd_text(amount: Decimal | None) -> str | None:
    """Write an amount, `0.80`."""
    return None if amount is None else f"{amount:.4f}".removesuffix("00")


Usd = Annotated[Decimal | None, PlainSerializer(usd_text, return_type=str | None)]
