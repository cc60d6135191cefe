-- The packages of some locked shipments, in their order, with the times of the events that determined their statuses. A
-- shipment without packages has one row without `id`, with the event that determined its own status.
-- Drafts tell whether they have a recipient.
SELECT
    p.id, s.id AS shipment_id, p.seq, p.tracking_number, p.tracking_number_norm, p.weight_g, p.weight_entered,
    p.weight_unit::text AS weight_unit, p.length_mm, p.width_mm, p.height_mm, p.dims_unit::text AS dims_unit,
    p.status::text AS status, p.status_at, p.status_event_id, p.exception_reason::text AS exception_reason, p.is_returning,
    d.occurred_at AS deciding_occurred_at, d.recorded_at AS deciding_recorded_at,
    d.time_precision::text AS deciding_precision, d.occurred_local AS deciding_local, d.override AS deciding_override,
    s.status = 'DRAFT' AND EXISTS (
        SELECT FROM party r WHERE r.shipment_id = s.id AND r.role = 'RECIPIENT'
    ) AS has_recipient
FROM shipment s
LEFT JOIN package p ON p.shipment_id = s.id
LEFT JOIN LATERAL (
    SELECT e.occurred_at, e.recorded_at, e.time_precision, e.occurred_local, e.override_status IS NOT NULL AS override
    FROM tracking_event e
    WHERE e.id = CASE WHEN p.id IS NULL THEN s.status_event_id ELSE p.status_event_id END
) AS d ON true
WHERE s.account_id = @account::uuid AND s.id = ANY (@shipments::uuid[])
ORDER BY s.id, p.seq
