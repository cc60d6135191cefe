-- What became of shipments that are locked: their rows, their packages, and a row of the change log for each change.
WITH shipments AS (
    UPDATE shipment AS s
    SET external_reference = g.external_reference, version = g.version, status = g.status::shipment_status,
        status_at = g.status_at, status_event_id = g.status_event_id, status_source = g.status_source::status_source,
        exception_reason = g.exception_reason::exception_reason, confirmed_at = g.confirmed_at,
        cancelled_at = g.cancelled_at, carrier_id = g.carrier_id, service = g.service,
        promised_from = g.promised_from, promised_to = g.promised_to, estimated_delivery_at = g.estimated_delivery_at,
        estimate_given = g.estimate_given, estimate_given_at = g.estimate_given_at, ready_at = g.ready_at,
        picked_up_at = g.picked_up_at, first_attempt_at = g.first_attempt_at, delivered_at = g.delivered_at,
        closed_at = g.closed_at, last_event_at = g.last_event_at, event_count = g.event_count,
        package_count = g.package_count, total_weight_g = g.total_weight_g, declared_value = g.declared_value,
        currency = g.currency, incoterm = g.incoterm, direction = g.direction::shipment_direction,
        metadata = g.metadata::jsonb,
        tags = g.tags::text[], archived_at = g.archived_at, updated_at = @now::timestamptz
    FROM unnest(
        @id::uuid[], @external_reference::text[], @version::int[], @status::text[], @status_at::timestamptz[],
        @status_event_id::uuid[], @status_source::text[], @exception_reason::text[], @confirmed_at::timestamptz[],
        @cancelled_at::timestamptz[], @carrier_id::uuid[], @service::text[], @promised_from::timestamptz[],
        @promised_to::timestamptz[], @estimated_delivery_at::timestamptz[], @estimate_given::timestamptz[],
        @estimate_given_at::timestamptz[], @ready_at::timestamptz[], @picked_up_at::timestamptz[],
        @first_attempt_at::timestamptz[], @delivered_at::timestamptz[], @closed_at::timestamptz[],
        @last_event_at::timestamptz[], @event_count::int[], @package_count::int[], @total_weight_g::numeric[],
        @declared_value::numeric[], @currency::text[], @incoterm::text[], @direction::text[], @metadata::text[],
        @tags::text[], @archived_at::timestamptz[]
    ) AS g(
        id, external_reference, version, status, status_at,
        status_event_id, status_source, exception_reason, confirmed_at,
        cancelled_at, carrier_id, service, promised_from,
        promised_to, estimated_delivery_at, estimate_given,
        estimate_given_at, ready_at, picked_up_at,
        first_attempt_at, delivered_at, closed_at,
        last_event_at, event_count, package_count, total_weight_g,
        declared_value, currency, incoterm, direction, metadata, tags, archived_at
    )
    WHERE s.id = g.id AND s.account_id = @account::uuid
),
packages AS (
    UPDATE package AS p
    SET tracking_number = g.tracking_number, tracking_number_norm = g.tracking_number_norm, weight_g = g.weight_g,
        weight_entered = g.weight_entered, weight_unit = g.weight_unit::weight_unit, length_mm = g.length_mm,
        width_mm = g.width_mm, height_mm = g.height_mm, dims_unit = g.dims_unit::length_unit,
        status = g.status::shipment_status, status_at = g.status_at, status_event_id = g.status_event_id,
        exception_reason = g.exception_reason::exception_reason
    FROM unnest(
        @package_id::uuid[], @package_tracking_number::text[], @package_tracking_number_norm::text[],
        @package_weight_g::numeric[], @package_weight_entered::numeric[], @package_weight_unit::text[],
        @package_length_mm::numeric[], @package_width_mm::numeric[], @package_height_mm::numeric[],
        @package_dims_unit::text[], @package_status::text[], @package_status_at::timestamptz[],
        @package_status_event_id::uuid[], @package_exception_reason::text[]
    ) AS g(
        id, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit, length_mm, width_mm,
        height_mm, dims_unit, status, status_at, status_event_id, exception_reason
    )
    WHERE p.id = g.id AND p.account_id = @account::uuid
)
INSERT INTO change (
    account_id, entity, entity_id, shipment_id, shipment_seq, op, status_before, status_after, changed, actor,
    request_id, at
)
SELECT
    @account::uuid, g.entity, g.entity_id, g.shipment_id, g.shipment_seq, g.op, g.status_before::shipment_status,
    g.status_after::shipment_status, g.changed::jsonb, @actor::text, @request_id::text, @now::timestamptz
FROM unnest(
    @log_entity::text[], @log_entity_id::uuid[], @log_shipment_id::uuid[], @log_shipment_seq::int[], @log_op::text[],
    @log_status_before::text[], @log_status_after::text[], @log_changed::text[]
) WITH ORDINALITY AS g(
    entity, entity_id, shipment_id, shipment_seq, op, status_before, status_after, changed, at
)
ORDER BY g.at
