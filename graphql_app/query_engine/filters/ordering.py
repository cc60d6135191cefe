"""TODO docstring."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import DateTime, Text, Uuid
from sqlalchemy.types import TypeEngine

from graphql_app.errors import request_errors
from graphql_app.query_engine import cursor
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.filters.predicates import column, or_infinity
from graphql_app.query_engine.selection import Arguments, Row

MAX_ORDER_FIELDS = 3


INSTANT = DateTime(timezone=True)
SHIPMENT_ORDERS: Mapping[str, tuple[predicates.Expression, TypeEngine[Any]]] = {
    "CREATED_AT": (column("created_at"), INSTANT),
    "UPDATED_AT": (column("updated_at"), INSTANT),
    "NUMBER": (column("number"), Text()),
    "STATUS_AT": (column("status_at"), INSTANT),
    "PROMISED_TO": (or_infinity("promised_to"), INSTANT),
    "ESTIMATED_DELIVERY_AT": (or_infinity("estimated_delivery_at"), INSTANT),
    "LAST_EVENT_AT": (or_infinity("last_event_at"), INSTANT),
}
EVENT_ORDERS: Mapping[str, tuple[predicates.Expression, TypeEngine[Any]]] = {
    "OCCURRED_AT": (column("occurred_at"), INSTANT),
    "RECORDED_AT": (column("recorded_at"), INSTANT),
}
"""Every one has an index (account, column, id)."""


class Order:
    """An `orderBy` argument: up to three fields, then the id, in the direction of the last of them."""

    def __init__(
        self,
        connection: str,
        fields: Mapping[str, tuple[predicates.Expression, TypeEngine[Any]]],
        default: str,
        given: Arguments,
    ) -> None:
        chosen = [(one["field"], one["direction"] == "DESC") for one in given.each("orderBy")] or [(default, True)]
        if len(chosen) > MAX_ORDER_FIELDS or len({name for name, _ in chosen}) < len(chosen):
            raise request_errors.BadUserInput(f"`orderBy` takes at most {MAX_ORDER_FIELDS} fields, each once.")
        self.fields, self.chosen = fields, chosen
        self.name = f"{connection}:{','.join(name for name, _ in chosen)}"

    def keys(self, row: Row) -> list[cursor.Key]:
        keys = [cursor.Key(self.fields[name][0](row), self.fields[name][1], down) for name, down in self.chosen]
        return [*keys, cursor.Key(row.c.id, Uuid(), self.chosen[-1][1])]
