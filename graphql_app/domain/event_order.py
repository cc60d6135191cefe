"""The order of tracking events whose times are known with different precision.

A time is an instant with a UTC offset (precision EXACT or ZONE_ASSUMED), a local time whose zone is unknown (LOCAL), or
a date (DATE_ONLY). The rule has two parts.

**The sort key** of an event is `(occurred_at, position, id)`. `occurred_at` is the instant; a LOCAL time is read as if
it were UTC, and a date is the last second of its day in UTC. `position` follows from the content, `id` only separates
events that are equal in both. Proof that this is an order: each key is a function of its event alone, and keys are
compared as tuples of totally ordered values. So any two events are comparable, comparisons are transitive, and neither
the other events nor their arrival have any influence. Because the key is stored, SQL sorts by the same three columns.
A comparison of pairs on their local clocks could not be such an order: a scan of 26 November in Tokyo can be an earlier
instant than a scan of 25 November in San Francisco, and the date 25 November would have to be between them both ways.

**The comparison with the deciding event** (`compare`) corrects what the key cannot express. A time without offset is
compared with a scan on the local clock of that scan: a date with its local day, a LOCAL time with its local time. It
is BEFORE or AFTER the scan, or UNKNOWN on the same day. `status_projection` asks for it when it applies an event in
sort order: an event that is BEFORE the deciding one does not replace its status, and one whose order is UNKNOWN does so
only if it reports more progress. The projection remains a left fold over the sorted events with a function of the
state and the event, so its result depends on the set of events only.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from graphql_app.domain.enums import TimePrecision

FUTURE_TOLERANCE = timedelta(hours=24)
"""An event that occurs later than this after it was recorded is not applied."""
WITHOUT_OFFSET = (TimePrecision.LOCAL, TimePrecision.DATE_ONLY)
"""Precisions of times whose UTC offset is unknown."""
WESTERNMOST_OFFSET = timedelta(hours=-12)
EASTERNMOST_OFFSET = timedelta(hours=14)
"""UTC offsets in use. An instant has two or three dates between them."""


class TimeOrder(Enum):
    """The order of an event relative to another one."""

    BEFORE = "BEFORE"
    UNKNOWN = "UNKNOWN"
    AFTER = "AFTER"


@dataclass(frozen=True, slots=True)
class OccurrenceTime:
    """When an event occurred, as far as it is known.

    `occurred_at` is the sort key. `local` is the local time, None for a date and for an override. `override`: the event
    is that of `shipmentOverrideStatus`, whose place and therefore local time is unknown.
    """

    occurred_at: datetime
    recorded_at: datetime
    precision: TimePrecision = TimePrecision.EXACT
    local: datetime | None = None
    override: bool = False

    @property
    def has_offset(self) -> bool:
        """Whether the instant is known."""
        return self.precision not in WITHOUT_OFFSET

    @property
    def day(self) -> date:
        """The local day; the day in UTC if no local time is known."""
        return (self.local or self.occurred_at).date()

    @property
    def known_at(self) -> datetime:
        """The time for statuses and milestones.

        The end of a day, a local time of unknown zone and an override are never later than the time of recording, so
        that what was reported as done is not in the future.
        """
        return min(self.occurred_at, self.recorded_at) if self.override or not self.has_offset else self.occurred_at

    @property
    def is_future(self) -> bool:
        """Whether the event occurs more than FUTURE_TOLERANCE after it was recorded. A date counts from its start."""
        at = self.occurred_at
        if self.precision is TimePrecision.DATE_ONLY:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return at > self.recorded_at + FUTURE_TOLERANCE


def compare(event: OccurrenceTime, deciding: OccurrenceTime) -> TimeOrder:
    """Return the order of an event relative to the deciding one, which precedes it by sort key.

    Two instants, and two times without offset on different days, are in the order of their keys.
    """
    if event.has_offset and deciding.has_offset:
        return TimeOrder.AFTER
    if deciding.override:
        return compare_with_override(event, deciding)
    if event.day != deciding.day:
        return TimeOrder.AFTER if event.day > deciding.day else TimeOrder.BEFORE
    if event.local is None or deciding.local is None:
        return TimeOrder.UNKNOWN
    return TimeOrder.AFTER if event.local >= deciding.local else TimeOrder.BEFORE


def compare_with_override(event: OccurrenceTime, override: OccurrenceTime) -> TimeOrder:
    """Return the order of a time without offset relative to an override.

    Whoever set the status knew the events recorded until then. A later report is after the override if that is so at
    every UTC offset.
    """
    if event.recorded_at <= override.recorded_at:
        return TimeOrder.BEFORE
    last_day = (override.occurred_at + EASTERNMOST_OFFSET).date()
    first_day = (override.occurred_at + WESTERNMOST_OFFSET).date()
    if event.day < first_day:
        return TimeOrder.BEFORE
    return TimeOrder.AFTER if event.day > last_day else TimeOrder.UNKNOWN
