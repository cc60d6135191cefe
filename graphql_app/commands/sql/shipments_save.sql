-- Saves locked shipments: their rows, their changed packages, and one row of the change log for each change.
-- `log_position` of a shipment never decreases: see `database/change_log_sql.py`.
WITH own AS MATERIALIZED (
    SELECT position_offset + pg_current_xact_id()::text::bigint AS log_position FROM change_log_state
),
shipments AS (
    UPDATE shipment AS s
    SET external_reference = g.external_reference, version = g.version, status = g.status,
        status_at = g.status_at, status_event_id = g.status_event_id, status_source = g.status_source,
        exception_reason = g.exception_reason, confirmed_at = g.confirmed_at,
        cancelled_at = g.cancelled_at, carrier_id = g.carrier_id, service = g.service,
        promised_from = g.promised_from, promised_to = g.promised_to, estimated_delivery_at = g.estimated_delivery_at,
        estimate_given = g.estimate_given, estimate_given_at = g.estimate_given_at,
        promised_from_date = g.promised_from_date, promised_to_date = g.promised_to_date,
        estimate_given_date = g.estimate_given_date, ready_at = g.ready_at,
        picked_up_at = g.picked_up_at, first_attempt_at = g.first_attempt_at, delivered_at = g.delivered_at,
        closed_at = g.closed_at, last_event_at = g.last_event_at,
        last_order_at = g.last_order_at, is_returning = g.is_returning, event_count = g.event_count,
        package_count = g.package_count, total_weight_g = g.total_weight_g, declared_value = g.declared_value,
        currency = g.currency, incoterm = g.incoterm, direction = g.direction,
        metadata = g.metadata::jsonb, tags = g.tags, recipient_name = g.recipient_name, archived_at = g.archived_at,
        updated_at = @now::timestamptz, log_position = greatest(s.log_position, (SELECT log_position FROM own))
    FROM json_to_recordset(@shipments::json) AS g(
        id uuid, external_reference text, version int, direction shipment_direction, status shipment_status,
        status_at timestamptz, status_event_id uuid, status_source status_source, exception_reason exception_reason,
        confirmed_at timestamptz, cancelled_at timestamptz, carrier_id uuid, service text, promised_from timestamptz,
        promised_to timestamptz, estimated_delivery_at timestamptz, estimate_given timestamptz,
        estimate_given_at timestamptz, promised_from_date date, promised_to_date date, estimate_given_date date,
        ready_at timestamptz, picked_up_at timestamptz, first_attempt_at timestamptz,
        delivered_at timestamptz, closed_at timestamptz, last_event_at timestamptz, last_order_at timestamptz, is_returning bool, event_count int,
        package_count int,
        total_weight_g numeric, declared_value numeric, currency text, incoterm text, metadata text, tags text[],
        recipient_name text, archived_at timestamptz
    )
    WHERE s.id = g.id AND s.account_id = @account::uuid
    RETURNING s.id, s.log_position
),
packages AS (
    UPDATE package AS p
    SET tracking_number = g.tracking_number, tracking_number_norm = g.tracking_number_norm, weight_g = g.weight_g,
        weight_entered = g.weight_entered, weight_unit = g.weight_unit, length_mm = g.length_mm,
        width_mm = g.width_mm, height_mm = g.height_mm, dims_unit = g.dims_unit,
        status = g.status, status_at = g.status_at, status_event_id = g.status_event_id,
        exception_reason = g.exception_reason, is_returning = g.is_returning
    FROM json_to_recordset(@packages::json) AS g(
        id uuid, tracking_number text, tracking_number_norm text, weight_g numeric, weight_entered numeric,
        weight_unit weight_unit, length_mm numeric, width_mm numeric, height_mm numeric, dims_unit length_unit,
        status shipment_status, status_at timestamptz, status_event_id uuid, exception_reason exception_reason,
        is_returning bool
    )
    WHERE p.id = g.id AND p.account_id = @account::uuid
)
INSERT INTO change (
    log_position, account_id, entity, entity_id, shipment_id, shipment_seq, op, status_before, status_after, changed,
    actor, request_id, at
)
SELECT
    s.log_position, @account::uuid, g.entity, g.entity_id, g.shipment_id, g.shipment_seq, g.op, g.status_before,
    g.status_after, g.changed::jsonb, @actor::text, @request_id::text, @now::timestamptz
FROM ROWS FROM (
    json_to_recordset(@log::json) AS (
        entity text, entity_id uuid, shipment_id uuid, shipment_seq int, op text, status_before shipment_status,
        status_after shipment_status, changed text
    )
) WITH ORDINALITY AS g(
    entity, entity_id, shipment_id, shipment_seq, op, status_before, status_after, changed, at
)
JOIN shipments s ON s.id = g.shipment_id
ORDER BY g.at
