"""Generated columns of `shipment` from which its lateness follows without reading the clock when a row is written.

The deadline of a shipment is the end of its promised delivery window, otherwise its estimated delivery time. With
`now()`, a shipment is LATE if `late_from < now()`; ON_TIME if `delivery_delay <= 0`; DUE if `late_from` is finite and
not in the past; otherwise UNKNOWN. Each is a range of an index, whatever the time.
"""

DEADLINE_SQL = "CASE WHEN promised_to IS NULL THEN estimated_delivery_at ELSE promised_to END"
"""The deadline: null if the shipment has neither a promise nor an estimate."""
LATE_FROM_SQL = (
    f"CASE WHEN (delivered_at > {DEADLINE_SQL}) THEN '-infinity'::timestamp with time zone "
    "WHEN ((delivered_at IS NOT NULL) OR ((promised_to IS NULL) AND (estimated_delivery_at IS NULL)) OR "
    "(status = ANY (ARRAY['DELIVERED'::shipment_status, 'RETURNED'::shipment_status, 'FAILED'::shipment_status, "
    "'CANCELLED'::shipment_status]))) THEN 'infinity'::timestamp with time zone "
    "WHEN (promised_to IS NULL) THEN estimated_delivery_at ELSE promised_to END"
)
"""The time from which the shipment is late. The text is the one that PostgreSQL prints, so that Alembic finds no
difference."""
DELIVERY_DELAY_SQL = f"((EXTRACT(epoch FROM (delivered_at - {DEADLINE_SQL})) * (1000000)::numeric))::bigint"
"""Microseconds from the deadline to the delivery."""
MAX_BIGINT = "'9223372036854775807'::bigint"
"""A missing delay is indexed as this number, so that it comes last."""
MAX_WEIGHT_G = "'1000000000000'::numeric"
"""A missing weight is indexed as this number, which exceeds every stored weight, so that it comes last."""
LAST_NAME = "chr(1114111)"
"""A missing name is indexed as the last character of Unicode, so that it comes last."""
