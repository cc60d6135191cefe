-- Inserts new events, updates which stored events are applied (`@changed_flags`), and voids one event (`@voided`).
WITH changed_flags AS (
    UPDATE tracking_event AS e
    SET applied = g.reason IS NULL, not_applied_reason = g.reason
    FROM json_to_recordset(@changed_flags::json) AS g(id uuid, reason not_applied_reason)
    WHERE e.id = g.id AND e.account_id = @account::uuid
),
voided AS (
    UPDATE tracking_event AS e
    SET voided_at = @now::timestamptz, voided_by = @actor::text, void_reason = @void_reason::text, applied = false,
        not_applied_reason = 'VOIDED'
    WHERE e.id = @voided::uuid AND e.account_id = @account::uuid
)
INSERT INTO tracking_event (
    id, account_id, shipment_id, package_id, position, code, reason, message, occurred_at, occurred_local,
    utc_offset_min, time_precision, recorded_at, source, source_name, external_event_id, carrier_status_raw, code_mapped,
    reason_mapped, place_name,
    city, region, postal_code, country_code, latitude, longitude, estimated_delivery_at, estimated_delivery_date, override_status, dedupe_key,
    applied, not_applied_reason, corrects_event_id
)
SELECT
    g.id, @account::uuid, g.shipment_id, g.package_id, g.position, g.code, g.reason, g.message, g.occurred_at,
    g.occurred_local, g.utc_offset_min, g.time_precision, @now::timestamptz, g.source, g.source_name,
    g.external_event_id, g.carrier_status_raw, g.code_mapped, g.reason_mapped, g.place_name, g.city, g.region, g.postal_code, g.country_code,
    g.latitude, g.longitude, g.estimated_delivery_at, g.estimated_delivery_date, g.override_status, g.dedupe_key, g.not_applied_reason IS NULL,
    g.not_applied_reason, g.corrects_event_id
FROM json_to_recordset(@events::json) AS g(
    id uuid, shipment_id uuid, package_id uuid, position bigint, code tracking_event_code, reason exception_reason,
    message text, occurred_at timestamptz, occurred_local timestamp, utc_offset_min int, time_precision time_precision,
    source event_source, source_name text, external_event_id text, carrier_status_raw text,
    code_mapped bool, reason_mapped bool, place_name text, city text,
    region text, postal_code text, country_code text, latitude float8, longitude float8,
    estimated_delivery_at timestamptz, estimated_delivery_date date, override_status shipment_status, dedupe_key bytea,
    not_applied_reason not_applied_reason, corrects_event_id uuid
)
