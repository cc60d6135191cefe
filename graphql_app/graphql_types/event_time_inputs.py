"""Inputs for the time of a tracking event. `commands.tracking_events.times` validates the values."""

import datetime as dt
from datetime import datetime

import strawberry

from graphql_app.graphql_types.arguments import optional
from graphql_app.graphql_types.model_type import field
from graphql_app.graphql_types.scalars import LocalDateTime, TimeZone


@strawberry.input(description="A local time, with its time zone if it is known.")
class LocalEventTime:
    at: LocalDateTime = field(
        "Local date and time. A time that occurs twice when clocks are set back means the first one; a "
        "time that clocks skip is read with the offset before the change."
    )
    time_zone: TimeZone | None = optional(
        "Time zone of the place. If omitted or null, it is unknown: the event has the precision LOCAL and keeps its "
        "local time, which is compared with the local times of other scans."
    )


@strawberry.input(
    description="The time at which an event occurred. Exactly one of the fields must be given. It must be in the "
    "years 1900 to 2999.",
    one_of=True,
)
class EventTime:
    instant: datetime | None = optional("A time with its UTC offset of at most 18 hours.")
    local: LocalEventTime | None = optional("A local time, with its time zone if it is known.")
    date: dt.date | None = optional(
        "A date without a time. The event sorts at 23:59:59 UTC of that day. A scan of the same local day with more "
        "progress takes precedence."
    )
