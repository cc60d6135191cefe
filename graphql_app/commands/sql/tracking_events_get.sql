-- The events with these ids that are not voided.
SELECT
    id, package_id, code::text AS code, reason::text AS reason, occurred_at, recorded_at, position,
    estimated_delivery_at, override_status::text AS override_status, time_precision::text AS time_precision,
    occurred_local
FROM tracking_event
WHERE id = ANY (@ids::uuid[]) AND account_id = @account::uuid AND voided_at IS NULL
