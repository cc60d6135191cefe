"""The subscriptions: what they are called, what they take and answer. `live.py` carries them out."""

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

import strawberry

from graphql_app import models
from graphql_app.auth.scopes import READ
from graphql_app.domain import enums
from graphql_app.graphql_types import filters, objects
from graphql_app.graphql_types.arguments import UNSET, argument
from graphql_app.graphql_types.model_type import described, mirrors
from graphql_app.query_engine import change_log
from graphql_app.schema import authorization

SOURCES: dict[str, change_log.Following] = {}
"""What each subscription follows, by its Python name."""
CURSOR = "Where the change stands in the log. Given as `after`, all later changes come."
SEQ = "Number of the change within its shipment, without gaps: the version that it led to."
LIVE = "live.py carries out subscriptions; graphql-core does not."
After = Annotated[
    str | None,
    argument(
        "The last cursor seen, from here or from `changes`: what was missed comes first, then what happens. "
        "Absent: from now on. Empty: from the oldest change that is kept."
    ),
]


@mirrors(models.Change)
class ShipmentChange:
    """One change of a shipment."""

    cursor: str = described(CURSOR)
    shipment_seq: int = described(SEQ)
    op: str = described("What was done, such as `shipment.created` or `tracking_event.recorded`.")
    changed_fields: list[str] = described("What is different since then.")
    shipment: objects.Shipment = described(
        "The shipment as it is now, which may be later than this change: see version."
    )


@mirrors(models.Change)
class TrackingEventChange:
    """One tracking event that was recorded."""

    cursor: str = described(CURSOR)
    shipment_seq: int = described(SEQ)
    event: objects.TrackingEvent = described("The event as it is now.")
    status_before: enums.ShipmentStatus = described("Status of the shipment before the event was recorded.")
    status_after: enums.ShipmentStatus = described("Status of the shipment after it.")


def follows(source: change_log.Following) -> Callable[[Callable[..., Any]], Any]:
    """A subscription: the function below is its signature and its description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        SOURCES[signature.__name__] = source
        return strawberry.subscription(**authorization.described(signature, READ))

    return decorate


@strawberry.type(
    description="What happens, as it is committed. Every change is a message of its own, in the order of commit, and "
    "comes at least once: one that comes again has the same cursor. Over WebSocket (graphql-transport-ws) and as "
    "server-sent events, where the cursor is the event's id."
)
class Subscription:
    @follows(change_log.SHIPMENT_CHANGED)
    def shipment_changed(
        where: Annotated[
            filters.ShipmentWhere | None,
            argument(
                "Only changes of shipments for which this holds when the change is read: as of `shipments`, "
                "so archived ones are left out unless it says otherwise. Absent: all changes."
            ),
        ] = UNSET,
        after: After = UNSET,
    ) -> AsyncGenerator[ShipmentChange, None]:
        """Changes of shipments: made, changed, moved by events, archived."""
        raise NotImplementedError(LIVE)

    @follows(change_log.EVENT_RECORDED)
    def tracking_event_recorded(
        shipments: Annotated[list[strawberry.ID] | None, argument("Only events of these shipments.")] = UNSET,
        codes: Annotated[
            list[enums.TrackingEventCode] | None, argument("Only events with one of these codes.")
        ] = UNSET,
        after: After = UNSET,
    ) -> AsyncGenerator[TrackingEventChange, None]:
        """Tracking events that were recorded, duplicates excepted."""
        raise NotImplementedError(LIVE)
