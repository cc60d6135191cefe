"""The questions. Each resolver says what to read and does no I/O; the arguments are read where the plan needs them."""

from typing import Annotated

import strawberry

from graphql_app import errors, ids
from graphql_app.api import inputs, types
from graphql_app.api.context import Info
from graphql_app.api.mirrored import MODELS
from graphql_app.api.values import Node
from graphql_app.read import sources
from graphql_app.read.executor import Read

UNSET = strawberry.UNSET
MOST_NODES = 100
TYPES = {model: name for name, model in MODELS.items()}


def argument(text: str) -> object:
    return strawberry.argument(description=text)


Search = Annotated[
    str | None,
    argument("A number, reference or tracking number or its beginning, or words of a party's name and place."),
]


@strawberry.type(description="All that can be asked.")
class Query:
    @strawberry.field(description="The object with this identity.")
    def node(self, info: Info, id: Annotated[strawberry.ID, argument("Its opaque identity.")]) -> Node | None:
        model, key = ids.decode(id) or (None, None)
        if model not in sources.BY_ID:
            return None
        return Read(info.context.session, sources.BY_ID[model], id=key)  # type: ignore[return-value]

    @strawberry.field(description="The objects with these identities, in their order; null for each that is not there.")
    def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], argument("Their opaque identities, at most 100.")]
    ) -> list[Node | None]:
        return read_nodes(info, ids)  # type: ignore[return-value]

    @strawberry.field(description="One shipment.")
    def shipment(
        self, info: Info, by: Annotated[inputs.ShipmentBy, argument("What names it.")]
    ) -> types.Shipment | None:
        return Read(info.context.session, sources.SHIPMENT)  # type: ignore[return-value]

    @strawberry.field(description="The account's shipments, newest first unless `orderBy` says otherwise.")
    def shipments(
        self,
        info: Info,
        where: inputs.ShipmentWhereArgument = UNSET,
        search: Search = UNSET,
        order_by: Annotated[list[inputs.ShipmentOrder] | None, argument("At most three fields.")] = UNSET,
        first: inputs.First = UNSET,
        after: inputs.After = UNSET,
        last: inputs.Last = UNSET,
        before: inputs.Before = UNSET,
    ) -> types.ShipmentConnection | None:
        return Read(info.context.session, sources.SHIPMENTS)  # type: ignore[return-value]

    @strawberry.field(description="The account's tracking events, latest first unless `orderBy` says otherwise.")
    def tracking_events(
        self,
        info: Info,
        where: inputs.TrackingEventWhereArgument = UNSET,
        order_by: Annotated[list[inputs.TrackingEventOrder] | None, argument("At most three fields.")] = UNSET,
        first: inputs.First = UNSET,
        after: inputs.After = UNSET,
        last: inputs.Last = UNSET,
        before: inputs.Before = UNSET,
    ) -> types.TrackingEventConnection | None:
        return Read(info.context.session, sources.EVENTS)  # type: ignore[return-value]

    @strawberry.field(
        description="Packages that bear this tracking number, newest first: carriers reuse numbers, so a list."
    )
    def track(
        self,
        info: Info,
        tracking_number: Annotated[str, argument("In any spelling.")],
        carrier: Annotated[str | None, argument("Only of shipments with this carrier.")] = UNSET,
    ) -> list[types.Package] | None:
        return Read(info.context.session, sources.TRACK)  # type: ignore[return-value]

    @strawberry.field(description="One carrier.")
    def carrier(self, info: Info, code: Annotated[str, argument("Its code.")]) -> types.Carrier | None:
        return Read(info.context.session, sources.CARRIER)  # type: ignore[return-value]

    @strawberry.field(description="The account's carriers, by code.")
    def carriers(
        self, info: Info, first: inputs.First = UNSET, after: inputs.After = UNSET
    ) -> types.CarrierConnection | None:
        return Read(info.context.session, sources.CARRIERS)  # type: ignore[return-value]

    @strawberry.field(description="The change log in the order of commit. Nothing committed is ever missed by `after`.")
    def changes(
        self,
        info: Info,
        where: Annotated[inputs.ChangeWhere | None, argument("Only changes for which this holds.")] = UNSET,
        first: inputs.First = 100,
        after: inputs.After = UNSET,
    ) -> types.ChangeConnection | None:
        return Read(info.context.session, sources.CHANGES)  # type: ignore[return-value]

    @strawberry.field(description="Who is asking.")
    def viewer(self, info: Info) -> types.Viewer:
        viewer = info.context.viewer
        return types.Viewer(account=viewer.account, api_key=viewer.key, scopes=list(viewer.scopes))


def read_nodes(info: Info, publics: list[strawberry.ID]) -> Read:
    """Objects of several kinds in one statement."""
    if len(publics) > MOST_NODES:
        raise errors.BadUserInput(f"`ids` takes at most {MOST_NODES} identities; there were {len(publics)}.")
    found = [ids.decode(public) for public in publics]
    kinds = [TYPES.get(one[0], "") if one else "" for one in found]
    keys = [one[1] if one else None for one in found]
    return Read(info.context.session, sources.MIXED, ids=keys, kinds=kinds)
