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
