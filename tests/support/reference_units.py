"""Amounts in other units, exactly, in plain Python."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

from graphql_app.graphql_types import scalars


def rounded(value: Decimal | None, factor: Decimal) -> Decimal | None:
    """An amount in another unit, to six places."""
    if value is None or factor == 1:
        return value
    with localcontext(prec=200):
        return (value / factor).quantize(Decimal("0.000001"), ROUND_HALF_UP)


class Exactly(Decimal):
    """An amount that is shown as it was entered."""


def amount_text(value: Decimal) -> str:
    return f"{value:f}" if isinstance(value, Exactly) else scalars.format_decimal(value)
