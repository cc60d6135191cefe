"""The root type of queries: names, arguments, descriptions, scopes, and the source that each field reads.

No function here does I/O: the query engine does. The query plan reads the arguments that it needs, as graphql-core
coerced them. Strawberry's conversion of arguments to objects, a fifth of the time of a small query, is bypassed.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import strawberry
from graphql import GraphQLObjectType

from graphql_app.auth.scopes import ADMIN, READ
from graphql_app.errors import request_errors
from graphql_app.graphql_internals import python_name
from graphql_app.graphql_types import filters, objects, statistics, statistics_arguments
from graphql_app.graphql_types.api_keys import ApiKey
from graphql_app.graphql_types.arguments import After, Before, First, Last, ShipmentBy, argument
from graphql_app.graphql_types.connections import Connection
from graphql_app.graphql_types.model_type import TYPE_MODELS
from graphql_app.graphql_types.value_types import Node
from graphql_app.models import public_ids
from graphql_app.operation_context import Info
from graphql_app.query_engine import change_log, sources
from graphql_app.query_engine.executor import SourceQuery
from graphql_app.query_engine.sources import Source
from graphql_app.query_engine.statistics import sources as statistics_sources
from graphql_app.schema import authorization

UNSET = strawberry.UNSET
MAX_NODES = 100
"""The maximum number of ids in `nodes`."""
TYPE_NAMES = {model: name for name, model in TYPE_MODELS.items()}
QueryResolver = Callable[..., object]
RESOLVERS: dict[str, QueryResolver] = {}
"""The resolver of each query, by the Python name of its field."""

Search = Annotated[
    str | None,
    argument(
        "Finds shipments by the start of a number, external reference, reference or tracking number; by words of "
        "a party's name, company, city, region or postal code and of an item's title and article number (all words, "
        "the last one may be incomplete); or by a party's whole e-mail address or telephone number. Case, accents, "
        "full-width forms and punctuation are ignored: `lodz` finds `Łódź`, and `asn93` finds `ASN-93`. Chinese, "
        "Japanese and Korean texts are compared by pairs of characters. Up to 1,000 characters. A text without "
        "letters and digits finds nothing. Each of these comparisons stops after 10,000 matches."
    ),
]


def resolved_by(
    resolve: Callable[[Info, Mapping[str, Any]], object], scope: str | None = READ
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a query with a resolver. The decorated function is its signature, its docstring the description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        RESOLVERS[signature.__name__] = lambda _, info, **arguments: resolve(info, arguments)
        return strawberry.field(**authorization.field_options(signature, scope))

    return decorate


def from_source(source: Source, scope: str = READ) -> Callable[[Callable[..., Any]], Any]:
    """Declare a query that reads a source. The decorated function is its signature, its docstring the description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        RESOLVERS[signature.__name__] = SourceResolver(source)
        return strawberry.field(**authorization.field_options(signature, scope))

    return decorate


class SourceResolver:
    """The resolver of a query that reads a source. The query engine reads `source` and does not call the resolver."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __call__(self, _: object, info: Info, **__: object) -> SourceQuery:
        return SourceQuery(info.context.reader, self.source)


def connect(queries: GraphQLObjectType) -> None:
    """Replace the resolvers of the built schema, which are Strawberry's, by those of `RESOLVERS`."""
    for field in queries.fields.values():
        field.resolve = RESOLVERS[python_name(field)]


def resolve_node(info: Info, arguments: Mapping[str, Any]) -> SourceQuery | None:
    """Resolve `node`: the object with this id, of any type; None if the id has no known type."""
    model, key = public_ids.decode(arguments["id"]) or (None, None)
    if model not in sources.BY_ID:
        return None
    return SourceQuery(info.context.reader, sources.BY_ID[model], id=key)


def resolve_nodes(info: Info, arguments: Mapping[str, Any]) -> SourceQuery:
    """Resolve `nodes`: objects of several types in one statement.

    Raises:
        BadUserInput: there are more than MAX_NODES ids.
    """
    ids = arguments["ids"]
    if len(ids) > MAX_NODES:
        raise request_errors.BadUserInput(f"`ids` must contain at most {MAX_NODES} ids (was {len(ids)}).")
    decoded = [public_ids.decode(id_) for id_ in ids]
    kinds = [TYPE_NAMES.get(model_and_key[0], "") if model_and_key else "" for model_and_key in decoded]
    keys = [model_and_key[1] if model_and_key else None for model_and_key in decoded]
    return SourceQuery(info.context.reader, sources.nodes_by_id(len(keys)), ids=keys, kinds=kinds)


def resolve_viewer(info: Info, _: Mapping[str, Any]) -> objects.Viewer:
    """Resolve `viewer` from the context."""
    viewer = info.context.viewer
    return objects.Viewer(account=viewer.account, api_key=viewer.key, scopes=list(viewer.scopes))


@strawberry.type(
    description="The root of all queries. They read the data of the API key's account. A root field with an error is "
    "null. The cost of an operation is the number of objects that its page sizes allow for. It must not exceed "
    '20,000; otherwise LIMIT_EXCEEDED is returned. Send `extensions: {"cost": true}` in the request to '
    "see it."
)
class Query:
    @resolved_by(resolve_node)
    def node(id: Annotated[strawberry.ID, argument("The ID of the object.")]) -> Node | None:
        """Fetches a shipment, package, tracking event, item or carrier by its ID. Returns null if it does not exist in
        this account."""

    @resolved_by(resolve_nodes)
    def nodes(
        ids: Annotated[list[strawberry.ID], argument("IDs of the objects, up to 100.")],
    ) -> list[Node | None]:
        """Fetches several objects by their IDs. Returns them in the order of `ids`, with null for each ID that does not
        exist in this account."""

    @from_source(sources.SHIPMENT)
    def shipment(
        by: Annotated[ShipmentBy, argument("Identifies the shipment to fetch.")],
    ) -> objects.Shipment | None:
        """Fetches one shipment. Returns null if it does not exist in this account."""

    @from_source(sources.SHIPMENTS)
    def shipments(
        where: filters.ShipmentWhereArgument = UNSET,
        search: Search = UNSET,
        order_by: Annotated[
            list[filters.ShipmentOrder] | None,
            argument(
                "Up to three sort keys, each field at most once. Ties are broken by ID, in the direction of the "
                "last key. Default CREATED_AT DESC."
            ),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> objects.ShipmentConnection | None:
        """Lists the account's shipments, newest first unless `orderBy` is given."""

    @from_source(sources.EVENTS)
    def tracking_events(
        where: filters.TrackingEventWhereArgument = UNSET,
        order_by: Annotated[
            list[filters.TrackingEventOrder] | None,
            argument(
                "Up to two sort keys, each field at most once. Ties are broken by ID, in the direction of the last "
                "key. Default OCCURRED_AT DESC."
            ),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[objects.TrackingEvent] | None:
        """Lists the account's tracking events, latest first unless `orderBy` is given."""

    @from_source(statistics_sources.SHIPMENT_STATISTICS)
    def shipment_stats(
        where: filters.ShipmentWhereArgument = UNSET,
        group_by: statistics_arguments.ShipmentDimensions = UNSET,
        bucket: statistics_arguments.ShipmentBucketArgument = UNSET,
        metadata_key: statistics_arguments.MetadataKeyArgument = UNSET,
        order_by: statistics_arguments.ShipmentGroupOrders = UNSET,
        first: statistics_arguments.FirstGroups = UNSET,
    ) -> statistics.ShipmentStatistics | None:
        """Counts and measures the account's shipments, in total and by groups. Up to 100,000 matching shipments the
        figures are exact; `precision` tells what holds beyond. Each use costs 1,000, and each group that `first`
        allows for costs 1 and the rows selected in it."""

    @from_source(statistics_sources.EVENT_STATISTICS)
    def tracking_event_stats(
        where: filters.TrackingEventWhereArgument = UNSET,
        group_by: statistics_arguments.TrackingEventDimensions = UNSET,
        bucket: statistics_arguments.TrackingEventBucketArgument = UNSET,
        order_by: statistics_arguments.GroupOrders = UNSET,
        first: statistics_arguments.FirstGroups = UNSET,
    ) -> statistics.TrackingEventStatistics | None:
        """Counts and measures the account's tracking events, in total and by groups. Limits and cost are those of
        `shipmentStats`."""

    @from_source(statistics_sources.ITEM_STATISTICS)
    def shipment_item_stats(
        where: filters.ShipmentWhereArgument = UNSET,
        item_where: Annotated[
            filters.ItemWhere | None, argument("Counts only items that satisfy this filter.")
        ] = UNSET,
        group_by: statistics_arguments.ShipmentItemDimensions = UNSET,
        metadata_key: statistics_arguments.MetadataKeyArgument = UNSET,
        order_by: statistics_arguments.GroupOrders = UNSET,
        first: statistics_arguments.FirstGroups = UNSET,
    ) -> statistics.ShipmentItemStatistics | None:
        """Counts and measures the items of the shipments that satisfy `where`, in total and by groups. Limits and cost
        are those of `shipmentStats`."""

    @from_source(sources.TRACK)
    def track(
        tracking_number: Annotated[str, argument("The tracking number. Case, spaces and punctuation are ignored.")],
        carrier: Annotated[
            str | None, argument("Code of a carrier. If given, returns only packages of its shipments.")
        ] = UNSET,
    ) -> list[objects.Package] | None:
        """Lists the packages with a tracking number, newest first, up to 100. Carriers reuse numbers, so several
        packages may have the same one."""

    @from_source(sources.CARRIER)
    def carrier(code: Annotated[str, argument("The code of the carrier.")]) -> objects.Carrier | None:
        """Fetches one carrier. Returns null if it does not exist in this account."""

    @from_source(sources.CARRIERS)
    def carriers(first: First = UNSET, after: After = UNSET) -> Connection[objects.Carrier] | None:
        """Lists the account's carriers, ordered by code."""

    @from_source(change_log.CHANGES)
    def changes(
        where: Annotated[
            filters.ChangeWhere | None, argument("Returns only changes that satisfy this filter.")
        ] = UNSET,
        first: First = 100,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[objects.Change] | None:
        """Lists the change log in a fixed order, the changes of each shipment in the order of `shipmentSeq`. Reading
        page after page with `after` never misses a committed change; the subscriptions accept the same cursors. A
        cursor older than the oldest stored change, or from before a failover or a restore of the database, returns
        CURSOR_EXPIRED. To get the current end of the log, use
        `changes(first: null, last: 1) { pageInfo { endCursor } }`."""

    @from_source(sources.API_KEYS, ADMIN)
    def api_keys(first: First = UNSET, after: After = UNSET) -> Connection[ApiKey] | None:
        """Lists the account's API keys, oldest first, including revoked and expired ones."""

    @resolved_by(resolve_viewer, None)
    def viewer() -> objects.Viewer:
        """The authenticated client: its account, API key and scopes."""
