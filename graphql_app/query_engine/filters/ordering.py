"""The orders of `orderBy`: the expression of each order field, and the sort keys of a cursor in that order.

Every order field has an index (account, expression, id), so that no page needs a sort.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Numeric, Text, Uuid, case
from sqlalchemy.types import TypeEngine

from graphql_app.errors import request_errors
from graphql_app.models.columns import STATUS
from graphql_app.models.lateness import LAST_NAME
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.filters import lateness, predicates, related_predicates
from graphql_app.query_engine.filters.predicates import column, or_infinity
from graphql_app.query_engine.selection import Arguments, RowAlias

MAX_ORDER_FIELDS = 3
"""Maximum number of fields in `orderBy`."""
TIMESTAMP = DateTime(timezone=True)
"""The type of timestamps in cursors."""


def indexed_recipient_name(row: RowAlias) -> ColumnElement[str]:
    """Return the name of the recipient as the index stores it: a missing name comes after all others."""
    return case((row.c.recipient_name.is_(None), json_sql.sql(LAST_NAME)), else_=row.c.recipient_name)


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
    "DELIVERED_AT": (or_infinity("delivered_at"), TIMESTAMP),
    "TOTAL_WEIGHT": (related_predicates.indexed_weight, Numeric()),
    "RECIPIENT_NAME": (indexed_recipient_name, Text()),
    "STATUS": (column("status"), STATUS),
    "LATENESS": (column("late_from"), TIMESTAMP),
    "DELIVERY_DELAY": (lateness.indexed_delay, BigInteger()),
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
            LimitExceeded: no index serves the combination of fields.
        """
        terms = [(term["field"], term["direction"] == "DESC") for term in arguments.nested_list("orderBy")]
        terms = terms or [(default, True)]
        if len(terms) > MAX_ORDER_FIELDS or len({name for name, _ in terms}) < len(terms):
            raise request_errors.BadUserInput(f"`orderBy` takes at most {MAX_ORDER_FIELDS} fields, each once.")
        if len(terms) > 1 and any(name == "STATUS" for name, _ in terms):
            raise request_errors.LimitExceeded(
                "An order by STATUS and another field would sort all shipments of a status. Order by STATUS alone, or "
                "filter by `status` and order by the other field."
            )
        self.fields, self.terms = fields, terms
        self.name = f"{connection}:{','.join(name for name, _ in terms)}"

    def sort_keys(self, row: RowAlias) -> list[cursor.SortKey]:
        """Return the sort keys of a row."""
        keys = []
        for name, descending in self.terms:
            expression, type_ = self.fields[name]
            keys.append(cursor.SortKey(expression(row), type_, descending))
            if name == "STATUS":  # the index has the creation time before the ID
                keys.append(cursor.SortKey(row.c.created_at, TIMESTAMP, descending))
        return [*keys, cursor.SortKey(row.c.id, Uuid(), self.terms[-1][1])]
