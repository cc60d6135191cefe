-- The events of some shipments that are not voided.
SELECT
    id, shipment_id, package_id, code::text AS code, reason::text AS reason, occurred_at, recorded_at, position,
    estimated_delivery_at, override_status::text AS override_status, applied,
    not_applied_reason::text AS not_applied_reason, time_precision::text AS time_precision, occurred_local
FROM tracking_event
WHERE shipment_id = ANY (@shipments::uuid[]) AND account_id = @account::uuid AND voided_at IS NULL
