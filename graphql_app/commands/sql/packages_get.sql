-- The packages of some shipments, in their order.
SELECT
    id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered,
    weight_unit::text AS weight_unit, length_mm, width_mm, height_mm, dims_unit::text AS dims_unit,
    status::text AS status, status_at, status_event_id, exception_reason::text AS exception_reason
FROM package
WHERE account_id = @account::uuid AND shipment_id = ANY (@shipments::uuid[])
ORDER BY shipment_id, seq
