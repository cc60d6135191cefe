"""The enums of statistics: dimensions to group by, time fields and units of buckets, and orders of groups."""

from graphql_app.domain.enums import DocumentedEnum


class ShipmentDimension(DocumentedEnum):
    """A property by which shipments are grouped or counted in a facet."""

    STATUS = "STATUS", "The current status of the shipment."
    PHASE = "PHASE", "The phase of the current status."
    LATENESS = "LATENESS", "Whether the deadline is kept or not."
    CARRIER = "CARRIER", "The carrier: its code, with its name as label."
    SERVICE = "SERVICE", "The service of the carrier."
    DIRECTION = "DIRECTION", "The direction of the goods."
    ORIGIN_COUNTRY = "ORIGIN_COUNTRY", "The country of the shipper."
    DESTINATION_COUNTRY = "DESTINATION_COUNTRY", "The country of the recipient."
    DESTINATION_CITY = "DESTINATION_CITY", "The city of the recipient."
    EXCEPTION_REASON = "EXCEPTION_REASON", "The cause of the current problem."
    INCOTERM = "INCOTERM", "The Incoterm of the shipment, if set."
    CURRENCY = "CURRENCY", "The currency of the declared value."
    TAG = "TAG", "Each of the tags. A shipment with several tags counts in several groups."
    METADATA = "METADATA", "The value of the metadata key in `metadataKey`, as text."


class TrackingEventDimension(DocumentedEnum):
    """A property by which tracking events are grouped."""

    CODE = "CODE", "The type of the event."
    CARRIER = "CARRIER", "The carrier of the shipment: its code, with its name as label."
    COUNTRY = "COUNTRY", "The country of the place of the event."
    SOURCE = "SOURCE", "The name of the reporting source."


class ShipmentItemDimension(DocumentedEnum):
    """A property by which the items of shipments are grouped."""

    SKU = "SKU", "The client's article number."
    TITLE = "TITLE", "The description of the goods."
    BATCH = "BATCH", "The batch or lot number."
    ORIGIN_COUNTRY = "ORIGIN_COUNTRY", "The country of origin of the goods."
    CURRENCY = "CURRENCY", "The currency of the unit value."
    METADATA = "METADATA", "The value of the metadata key of the item in `metadataKey`, as text."


class ShipmentTimeField(DocumentedEnum):
    """A time of a shipment by which buckets are formed."""

    CREATED_AT = "CREATED_AT", "The time of creation."
    READY_AT = "READY_AT", "The time of confirmation or of the first event."
    PICKED_UP_AT = "PICKED_UP_AT", "The time at which the carrier took possession."
    DELIVERED_AT = "DELIVERED_AT", "The time of delivery."
    CLOSED_AT = "CLOSED_AT", "The time at which the shipment reached its final status."
    PROMISED_TO = "PROMISED_TO", "The end of the promised delivery window."
    STATUS_AT = "STATUS_AT", "The time of the last change of the status."


class TrackingEventTimeField(DocumentedEnum):
    """A time of a tracking event by which buckets are formed."""

    OCCURRED_AT = "OCCURRED_AT", "The time of occurrence."
    RECORDED_AT = "RECORDED_AT", "The time of recording."


class BucketUnit(DocumentedEnum):
    """The length of a bucket in the calendar of its time zone."""

    HOUR = "HOUR", "A full hour of the clock. An hour that the clock repeats is two buckets."
    DAY = "DAY", "A calendar day: 23 or 25 hours when the clock changes."
    WEEK = "WEEK", "A calendar week that begins on Monday (ISO 8601)."
    MONTH = "MONTH", "A calendar month of 28 to 31 days."
    YEAR = "YEAR", "A calendar year of 365 or 366 days."


class GroupOrderField(DocumentedEnum):
    """A property to order groups by. Groups without the property come last."""

    COUNT = "COUNT", "Orders by the number of objects in the group."
    BUCKET = "BUCKET", "Orders by the start of the bucket."
    KEYS = "KEYS", "Orders by the values of the dimensions, as text."


class ShipmentGroupOrderField(DocumentedEnum):
    """A property to order groups of shipments by. Groups without the property come last."""

    COUNT = "COUNT", "Orders by the number of shipments in the group."
    BUCKET = "BUCKET", "Orders by the start of the bucket."
    KEYS = "KEYS", "Orders by the values of the dimensions, as text."
    PACKAGES = "PACKAGES", "Orders by the number of packages."
    WEIGHT = "WEIGHT", "Orders by the sum of the weights."
    ON_TIME_RATE = "ON_TIME_RATE", "Orders by the share of deliveries on time."
    TRANSIT_TIME = "TRANSIT_TIME", "Orders by the average transit time."


class StatisticsPrecision(DocumentedEnum):
    """How exact the figures of a statistics field are."""

    EXACT = "EXACT", "Computed from all matching rows."
    ESTIMATED = (
        "ESTIMATED",
        "More than 100,000 shipments match, and the figures come from rollups: counts, sums and rates are those at the "
        "time in `asOf`, a percentile differs by at most 2 % from the nearest value.",
    )
    AT_LEAST = (
        "AT_LEAST",
        "More than 100,000 rows match, and no rollup holds the question. The figures describe 100,001 of the rows: "
        "counts and sums of non-negative values are lower bounds; rates, averages and percentiles are those of the "
        "rows that were read.",
    )
