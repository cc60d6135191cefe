"""The root type of subscriptions: names, arguments, descriptions, and the part of the change log that each one follows.

`graphql_app/subscriptions/` runs them.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

import strawberry

from graphql_app import models
from graphql_app.auth.scopes import READ
from graphql_app.domain import enums
from graphql_app.graphql_types import filters, objects
from graphql_app.graphql_types.arguments import UNSET, argument
from graphql_app.graphql_types.model_type import field, model_type
from graphql_app.query_engine import change_log
from graphql_app.schema import authorization

SOURCES: dict[str, change_log.ChangeStream] = {}
"""The part of the change log that each subscription follows, by the Python name of its field."""
CURSOR_DESCRIPTION = "Position of the change in the log. Pass it as `after` to receive all later changes."
SEQ_DESCRIPTION = "The version of the shipment that the change produced. Versions have no gaps."
NOT_EXECUTED = "graphql_app.subscriptions runs the subscriptions; graphql-core does not."
AfterCursor = Annotated[
    str | None,
    argument(
        "The last cursor that you received, here or from `changes`: missed changes are sent first, then "
        "new ones. If omitted or null, only new changes are sent; an empty string starts at the oldest "
        "stored change. An older cursor, or one from before a failover or a restore, returns CURSOR_EXPIRED."
    ),
]


@model_type(models.Change)
class ShipmentChange:
    """A committed change of a shipment."""

    cursor: str = field(CURSOR_DESCRIPTION)
    shipment_seq: int = field(SEQ_DESCRIPTION)
    op: str = field("Type of the change, such as `shipment.created` or `tracking_event.recorded`.")
    changed_fields: list[str] = field("Names of the changed fields, in alphabetical order.")
    match: enums.FilterMatch = field(
        "Whether the shipment entered the filter `where`, stayed in it, or left it. Only if this field is selected, "
        "changes with which a shipment leaves the filter are sent, by its status, by archiving or by any other field."
    )
    shipment: objects.Shipment = field(
        "The shipment in its current state, which may be later than this change: compare its `version`."
    )


@model_type(models.Change)
class TrackingEventChange:
    """A tracking event that was recorded."""

    cursor: str = field(CURSOR_DESCRIPTION)
    shipment_seq: int = field(SEQ_DESCRIPTION)
    event: objects.TrackingEvent = field("The event in its current state.")
    status_before: enums.ShipmentStatus = field("Status of the shipment before the event was recorded.")
    status_after: enums.ShipmentStatus = field("Status of the shipment after the event was recorded.")


def follows_log(source: change_log.ChangeStream) -> Callable[[Callable[..., Any]], Any]:
    """Declare a subscription. The decorated function is its signature, its docstring the description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        SOURCES[signature.__name__] = source
        return strawberry.subscription(**authorization.field_options(signature, READ))

    return decorate


@strawberry.type(
    description="The root of all subscriptions. Every committed change is one message, in the order of `changes`, "
    "delivered at least once: a repeated message has the same cursor. Available over WebSocket "
    "(graphql-transport-ws), server-sent events, whose event ID is the cursor, and Apollo's multipart "
    "subscription protocol. A client that reads "
    "too slowly is disconnected with SLOW_CONSUMER."
)
class Subscription:
    @follows_log(change_log.SHIPMENT_CHANGED)
    def shipment_changed(
        where: Annotated[
            filters.ShipmentWhere | None,
            argument(
                "Sends only changes of shipments that satisfy this filter when the change is read and, if `match` is "
                "selected, of shipments that no longer satisfy it. As in `shipments`, archived shipments are excluded "
                "unless `archived` says otherwise. If omitted or null, all changes are sent."
            ),
        ] = UNSET,
        after: AfterCursor = UNSET,
    ) -> AsyncGenerator[ShipmentChange, None]:
        """Sends the changes of shipments: creation, updates, status changes, tracking events and archiving."""
        raise NotImplementedError(NOT_EXECUTED)

    @follows_log(change_log.EVENT_RECORDED)
    def tracking_event_recorded(
        shipments: Annotated[list[strawberry.ID] | None, argument("Sends only events of these shipments.")] = UNSET,
        codes: Annotated[
            list[enums.TrackingEventCode] | None, argument("Sends only events with any of these codes.")
        ] = UNSET,
        after: AfterCursor = UNSET,
    ) -> AsyncGenerator[TrackingEventChange, None]:
        """Sends the tracking events that were recorded, without duplicates."""
        raise NotImplementedError(NOT_EXECUTED)
