-- The packages of some shipments, in their order, with the times of the events that determined their statuses.
SELECT
    p.id, p.shipment_id, p.seq, p.tracking_number, p.tracking_number_norm, p.weight_g, p.weight_entered,
    p.weight_unit::text AS weight_unit, p.length_mm, p.width_mm, p.height_mm, p.dims_unit::text AS dims_unit,
    p.status::text AS status, p.status_at, p.status_event_id, p.exception_reason::text AS exception_reason, p.is_returning,
    d.occurred_at AS deciding_occurred_at, d.recorded_at AS deciding_recorded_at,
    d.time_precision::text AS deciding_precision, d.occurred_local AS deciding_local, d.override AS deciding_override
FROM package p
LEFT JOIN LATERAL (
    SELECT e.occurred_at, e.recorded_at, e.time_precision, e.occurred_local, e.override_status IS NOT NULL AS override
    FROM tracking_event e
    WHERE e.id = p.status_event_id
) AS d ON true
WHERE p.account_id = @account::uuid AND p.shipment_id = ANY (@shipments::uuid[])
ORDER BY p.shipment_id, p.seq
