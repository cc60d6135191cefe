-- The events with a carrier's status code whose event code was derived from it and is another one now, in the order of
-- their occurrence after a position. The last row, without a shipment, is the last event that was read.
WITH scanned AS MATERIALIZED (
    SELECT e.id, e.shipment_id, e.occurred_at, e.code, e.reason, e.code_mapped, e.reason_mapped, e.voided_at
    FROM tracking_event e
    WHERE e.account_id = @account::uuid AND e.carrier_status_key = @raw::text
        AND (e.occurred_at, e.id) > (@after_at::timestamptz, @after_id::uuid)
    ORDER BY e.occurred_at, e.id
    LIMIT @scanned::int
),
outdated AS (
    SELECT n.id, n.shipment_id, n.occurred_at, n.reason_mapped, s.event_count
    FROM scanned n
    JOIN shipment s ON s.id = n.shipment_id AND s.account_id = @account::uuid
    JOIN carrier c ON c.id = s.carrier_id AND c.code = @carrier::text
    WHERE n.code_mapped AND n.voided_at IS NULL AND (
        n.code <> @code::text::tracking_event_code
        OR (n.reason_mapped AND n.reason IS DISTINCT FROM @reason::text::exception_reason)
    )
    ORDER BY n.occurred_at, n.id
    LIMIT @changed::int
),
last AS (
    SELECT n.id, n.occurred_at, (SELECT count(*) FROM scanned) = @scanned::int AS more
    FROM scanned n
    ORDER BY n.occurred_at DESC, n.id DESC
    LIMIT 1
)
SELECT u.id, u.shipment_id, u.occurred_at, u.reason_mapped, u.event_count, u.more
FROM (
    SELECT o.id, o.shipment_id, o.occurred_at, o.reason_mapped, o.event_count, true AS more FROM outdated o
    UNION ALL
    SELECT l.id, NULL, l.occurred_at, NULL, NULL, l.more FROM last l
    WHERE (SELECT count(*) FROM outdated) < @changed::int
) AS u
ORDER BY u.shipment_id IS NULL, u.occurred_at, u.id
