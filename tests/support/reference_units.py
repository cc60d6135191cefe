"""Measurements in other units, exactly, in plain Python."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

from graphql_app.graphql_types import scalars


def rounded(value: Decimal | None, factor: Decimal) -> Decimal | None:
    """A value in another unit, rounded half up to six decimal places."""
    if value is None or factor == 1:
        return value
    with localcontext(prec=200):
        return (value / factor).quantize(Decimal("0.000001"), ROUND_HALF_UP)


class Exactly(Decimal):
    """A value that is shown as it was entered, trailing zeros included."""


def amount_text(value: Decimal) -> str:
    """A value as the API prints it."""
    return f"{value:f}" if isinstance(value, Exactly) else scalars.format_decimal(value)
