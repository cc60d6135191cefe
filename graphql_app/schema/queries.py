"""The questions. Here stand their names, arguments and meaning, and what each reads; none does any I/O.

The arguments are read where the plan needs them, as graphql-core coerced them. Strawberry's conversion to objects,
which was a fifth of a small query, is left out.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import strawberry
from graphql import GraphQLObjectType, GraphQLResolveInfo

from graphql_app.auth.scopes import ADMIN, READ
from graphql_app.errors import request_errors
from graphql_app.graphql_types import filters, objects
from graphql_app.graphql_types.api_keys import ApiKeyConnection
from graphql_app.graphql_types.arguments import After, Before, First, Last, ShipmentBy, argument
from graphql_app.graphql_types.model_type import MODELS
from graphql_app.graphql_types.value_types import Node
from graphql_app.models import public_ids
from graphql_app.query_engine import change_log, sources
from graphql_app.query_engine.executor import Read
from graphql_app.query_engine.sources import Source
from graphql_app.schema import authorization

UNSET = strawberry.UNSET
MOST_NODES = 100
TYPES = {model: name for name, model in MODELS.items()}
Info = GraphQLResolveInfo[Any]
Resolve = Callable[..., object]
RESOLVERS: dict[str, Resolve] = {}
"""What each question reads, by its Python name."""

Search = Annotated[
    str | None,
    argument("A number, reference or tracking number or its beginning, or words of a party's name and place."),
]


def answered(
    resolve: Callable[[Info, Mapping[str, Any]], object], scope: str | None = READ
) -> Callable[[Callable[..., Any]], Any]:
    """A question: the function below is its signature and its description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        RESOLVERS[signature.__name__] = lambda _, info, **arguments: resolve(info, arguments)
        return strawberry.field(**authorization.described(signature, scope))

    return decorate


def reads(source: Source, scope: str = READ) -> Callable[[Callable[..., Any]], Any]:
    """A question that a source answers."""

    def decorate(signature: Callable[..., Any]) -> Any:
        RESOLVERS[signature.__name__] = Reads(source)
        return strawberry.field(**authorization.described(signature, scope))

    return decorate


class Reads:
    """The resolver of a question that a source answers. The executor sees the source, and does not call it."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __call__(self, _: object, info: Info, **__: object) -> Read:
        return Read(info.context.rows, self.source)


def connect(queries: GraphQLObjectType) -> None:
    """Let the fields of the finished schema run their resolvers."""
    for field in queries.fields.values():
        field.resolve = RESOLVERS[field.extensions["strawberry-definition"].python_name]


def one_node(info: Info, arguments: Mapping[str, Any]) -> Read | None:
    """The object of whatever kind its identity names."""
    model, key = public_ids.decode(arguments["id"]) or (None, None)
    if model not in sources.BY_ID:
        return None
    return Read(info.context.rows, sources.BY_ID[model], id=key)


def some_nodes(info: Info, arguments: Mapping[str, Any]) -> Read:
    """Objects of several kinds in one statement."""
    publics = arguments["ids"]
    if len(publics) > MOST_NODES:
        raise request_errors.BadUserInput(f"`ids` takes at most {MOST_NODES} identities; there were {len(publics)}.")
    found = [public_ids.decode(public) for public in publics]
    kinds = [TYPES.get(one[0], "") if one else "" for one in found]
    keys = [one[1] if one else None for one in found]
    return Read(info.context.rows, sources.mixed(len(keys)), ids=keys, kinds=kinds)


def asking(info: Info, _: Mapping[str, Any]) -> objects.Viewer:
    viewer = info.context.viewer
    return objects.Viewer(account=viewer.account, api_key=viewer.key, scopes=list(viewer.scopes))


@strawberry.type(description="All that can be asked.")
class Query:
    @answered(one_node)
    def node(id: Annotated[strawberry.ID, argument("Its opaque identity.")]) -> Node | None:
        """The object with this identity."""

    @answered(some_nodes)
    def nodes(
        ids: Annotated[list[strawberry.ID], argument("Their opaque identities, at most 100.")],
    ) -> list[Node | None]:
        """The objects with these identities, in their order; null for each that is not there."""

    @reads(sources.SHIPMENT)
    def shipment(by: Annotated[ShipmentBy, argument("What names it.")]) -> objects.Shipment | None:
        """One shipment."""

    @reads(sources.SHIPMENTS)
    def shipments(
        where: filters.ShipmentWhereArgument = UNSET,
        search: Search = UNSET,
        order_by: Annotated[list[filters.ShipmentOrder] | None, argument("At most three fields.")] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> objects.ShipmentConnection | None:
        """The account's shipments, newest first unless `orderBy` says otherwise."""

    @reads(sources.EVENTS)
    def tracking_events(
        where: filters.TrackingEventWhereArgument = UNSET,
        order_by: Annotated[list[filters.TrackingEventOrder] | None, argument("At most three fields.")] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> objects.TrackingEventConnection | None:
        """The account's tracking events, latest first unless `orderBy` says otherwise."""

    @reads(sources.TRACK)
    def track(
        tracking_number: Annotated[str, argument("In any spelling.")],
        carrier: Annotated[str | None, argument("Only of shipments with this carrier.")] = UNSET,
    ) -> list[objects.Package] | None:
        """Packages that bear this tracking number, newest first: carriers reuse numbers, so a list."""

    @reads(sources.CARRIER)
    def carrier(code: Annotated[str, argument("Its code.")]) -> objects.Carrier | None:
        """One carrier."""

    @reads(sources.CARRIERS)
    def carriers(first: First = UNSET, after: After = UNSET) -> objects.CarrierConnection | None:
        """The account's carriers, by code."""

    @reads(change_log.CHANGES)
    def changes(
        where: Annotated[filters.ChangeWhere | None, argument("Only changes for which this holds.")] = UNSET,
        first: First = 100,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> objects.ChangeConnection | None:
        """The change log in the order of commit. Nothing committed is ever missed by `after`, which the subscriptions
        take too. Where it ends now: `changes(first: null, last: 1) { pageInfo { endCursor } }`."""

    @reads(sources.API_KEYS, ADMIN)
    def api_keys(first: First = UNSET, after: After = UNSET) -> ApiKeyConnection | None:
        """The account's API keys, oldest first, those that were revoked and those that have expired among them."""

    @answered(asking, None)
    def viewer() -> objects.Viewer:
        """Who is asking."""
