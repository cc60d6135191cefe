-- Inserts new events, updates which stored events are applied and the checkpoints (`@changed_events`), and voids one
-- event (`@voided`).
WITH changed_events AS (
    UPDATE tracking_event AS e
    SET applied = CASE WHEN g.keeps_reason THEN e.applied ELSE g.reason IS NULL END,
        not_applied_reason = CASE WHEN g.keeps_reason THEN e.not_applied_reason ELSE g.reason END,
        state_after = CASE WHEN g.state IS NULL THEN e.state_after ELSE g.state::jsonb END
    FROM json_to_recordset(@changed_events::json) AS g(
        id uuid, reason not_applied_reason, keeps_reason bool, state text
    )
    WHERE e.id = g.id AND e.account_id = @account::uuid
),
voided AS (
    UPDATE tracking_event AS e
    SET voided_at = @now::timestamptz, voided_by = @actor::text, void_reason = @void_reason::text, applied = false,
        not_applied_reason = 'VOIDED', state_after = NULL
    WHERE e.id = @voided::uuid AND e.account_id = @account::uuid
)
INSERT INTO tracking_event (
    id, account_id, shipment_id, package_id, position, code, reason, message, occurred_at, occurred_local,
    utc_offset_min, time_precision, recorded_at, source, source_name, external_event_id, carrier_status_raw, code_mapped,
    reason_mapped, place_name,
    city, region, postal_code, country_code, latitude, longitude, estimated_delivery_at, estimated_delivery_date, override_status, dedupe_key,
    applied, not_applied_reason, corrects_event_id, state_after
)
SELECT
    g.id, @account::uuid, g.shipment_id, g.package_id, g.position, g.code, g.reason, g.message, g.occurred_at,
    g.occurred_local, g.utc_offset_min, g.time_precision, @now::timestamptz, g.source, g.source_name,
    g.external_event_id, g.carrier_status_raw, g.code_mapped, g.reason_mapped, g.place_name, g.city, g.region, g.postal_code, g.country_code,
    g.latitude, g.longitude, g.estimated_delivery_at, g.estimated_delivery_date, g.override_status, g.dedupe_key, g.not_applied_reason IS NULL,
    g.not_applied_reason, g.corrects_event_id, g.state_after::jsonb
FROM json_to_recordset(@events::json) AS g(
    id uuid, shipment_id uuid, package_id uuid, position bigint, code tracking_event_code, reason exception_reason,
    message text, occurred_at timestamptz, occurred_local timestamp, utc_offset_min int, time_precision time_precision,
    source event_source, source_name text, external_event_id text, carrier_status_raw text,
    code_mapped bool, reason_mapped bool, place_name text, city text,
    region text, postal_code text, country_code text, latitude float8, longitude float8,
    estimated_delivery_at timestamptz, estimated_delivery_date date, override_status shipment_status, dedupe_key bytea,
    not_applied_reason not_applied_reason, corrects_event_id uuid, state_after text
)
