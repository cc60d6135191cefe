"""The orders of `orderBy`: the expression of each order field, and the sort keys of a cursor in that order.

Every order field has an index (account, expression, id), so that no page needs a sort.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import DateTime, Text, Uuid
from sqlalchemy.types import TypeEngine

from graphql_app.errors import request_errors
from graphql_app.query_engine import cursor
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.filters.predicates import column, or_infinity
from graphql_app.query_engine.selection import Arguments, RowAlias

MAX_ORDER_FIELDS = 3
"""Maximum number of fields in `orderBy`."""
TIMESTAMP = DateTime(timezone=True)
"""The type of timestamps in cursors."""
OrderFields = Mapping[str, tuple[predicates.Expression, TypeEngine[Any]]]
"""The expression and type of each order field."""
SHIPMENT_ORDERS: OrderFields = {
    "CREATED_AT": (column("created_at"), TIMESTAMP),
    "UPDATED_AT": (column("updated_at"), TIMESTAMP),
    "NUMBER": (column("number"), Text()),
    "STATUS_AT": (column("status_at"), TIMESTAMP),
    "PROMISED_TO": (or_infinity("promised_to"), TIMESTAMP),
    "ESTIMATED_DELIVERY_AT": (or_infinity("estimated_delivery_at"), TIMESTAMP),
    "LAST_EVENT_AT": (or_infinity("last_event_at"), TIMESTAMP),
}
"""The expression and type of each ShipmentOrderField."""
EVENT_ORDERS: OrderFields = {
    "OCCURRED_AT": (column("occurred_at"), TIMESTAMP),
    "RECORDED_AT": (column("recorded_at"), TIMESTAMP),
}
"""The expression and type of each TrackingEventOrderField."""


class Order:
    """An `orderBy` argument: up to three fields, then the ID in the direction of the last field."""

    def __init__(self, connection: str, fields: OrderFields, default: str, arguments: Arguments) -> None:
        """Read the order of a connection.

        Args:
            connection: the first part of the order's name in cursors.
            fields: the available order fields.
            default: the field without `orderBy`, in descending order.
            arguments: the arguments of the connection.

        Raises:
            BadUserInput: `orderBy` has too many fields, or a field twice.
        """
        terms = [(term["field"], term["direction"] == "DESC") for term in arguments.nested_list("orderBy")]
        terms = terms or [(default, True)]
        if len(terms) > MAX_ORDER_FIELDS or len({name for name, _ in terms}) < len(terms):
            raise request_errors.BadUserInput(f"`orderBy` takes at most {MAX_ORDER_FIELDS} fields, each once.")
        self.fields, self.terms = fields, terms
        self.name = f"{connection}:{','.join(name for name, _ in terms)}"

    def sort_keys(self, row: RowAlias) -> list[cursor.SortKey]:
        """Return the sort keys of a row."""
        keys = []
        for name, descending in self.terms:
            expression, type_ = self.fields[name]
            keys.append(cursor.SortKey(expression(row), type_, descending))
        return [*keys, cursor.SortKey(row.c.id, Uuid(), self.terms[-1][1])]
