"""Relay connections: `Connection[Shipment]` is the GraphQL type `ShipmentConnection` with edges `ShipmentEdge`.

Strawberry names a generic type after its argument and itself. Descriptions are the same for all arguments, so they say
"the item". Source: Relay's cursor connections specification, https://relay.dev/graphql/connections.htm.
"""

from typing import Annotated, Generic, TypeVar

import strawberry

from graphql_app.graphql_types.model_type import computed_field, field
from graphql_app.graphql_types.value_types import Count, PageInfo

T = TypeVar("T")
Limit = Annotated[
    int | None,
    strawberry.argument(
        description="Counting stops at this number, from 0 to 1,000,000; default 10,000. Null counts exactly. Each "
        "100 of the limit add 1 to the cost; null adds 10,000."
    ),
]


@strawberry.type(description="An item of a connection, with its cursor.")
class Edge(Generic[T]):
    node: T = field("The item at this position.")
    cursor: str = field("Cursor of the item, for `after` and `before`.")


@strawberry.type(description="A page of a list, with the cursors that lead to the pages before and after it.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = field("The items with their cursors.")
    nodes: list[T] = field("The items of the page.")
    page_info: PageInfo = field("Information about this page.")

    @computed_field
    def total_count(self, limit: Limit = 10000) -> Count:
        """Number of items in the whole list. Counted only if selected."""
