-- A page of the events of some shipments that are not voided, in the order of events. It starts at the last event before
-- the given one with a checkpoint of this base, or with the first event if there is none. With `is_next` it starts at
-- the given event. The search for the checkpoint reads the index backwards, past about one interval of events.
SELECT
    e.id, e.shipment_id, e.package_id, e.code::text AS code, e.reason::text AS reason, e.occurred_at, e.recorded_at,
    e.position, e.estimated_delivery_at, e.override_status::text AS override_status, e.applied,
    e.not_applied_reason::text AS not_applied_reason, e.time_precision::text AS time_precision, e.occurred_local,
    e.state_after::text AS state_after, (e.id = c.id) IS TRUE AS is_checkpoint
FROM json_to_recordset(@shipments::json) AS g(
    id uuid, base text, at timestamptz, position bigint, event uuid, is_next bool
)
LEFT JOIN LATERAL (
    SELECT c.occurred_at, c.position, c.id
    FROM tracking_event c
    WHERE NOT g.is_next AND c.shipment_id = g.id AND c.account_id = @account::uuid AND c.voided_at IS NULL
        AND c.state_after ->> 'base' = g.base AND (c.occurred_at, c.position, c.id) < (g.at, g.position, g.event)
    ORDER BY c.occurred_at DESC, c.position DESC, c.id DESC
    LIMIT 1
) AS c ON true
CROSS JOIN LATERAL (
    SELECT e.*
    FROM tracking_event e
    WHERE e.shipment_id = g.id AND e.account_id = @account::uuid AND e.voided_at IS NULL
        AND (e.occurred_at, e.position, e.id) >= (
            CASE WHEN g.is_next THEN g.at WHEN c.id IS NULL THEN '-infinity' ELSE c.occurred_at END,
            CASE WHEN g.is_next THEN g.position WHEN c.id IS NULL THEN 0 ELSE c.position END,
            CASE WHEN g.is_next THEN g.event WHEN c.id IS NULL THEN g.id ELSE c.id END
        )
    ORDER BY e.occurred_at, e.position, e.id
    LIMIT @page::int
) AS e
ORDER BY e.shipment_id, e.occurred_at, e.position, e.id
