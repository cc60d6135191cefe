-- Locks the shipments named by the keys. Every call locks in the order of the ids, so that calls cannot deadlock.
-- After a wait for a lock only the columns of `shipment` are those of the committed row: rows of other tables are still
-- read as they were when the statement began. What depends on them is read by `packages_get`, which runs afterwards.
-- `now` is read after each lock: the start of the transaction may be before changes that it waited for.
WITH locked AS MATERIALIZED (
    SELECT
        s.id, s.number, s.external_reference, s.version, s.direction::text AS direction, s.status::text AS status,
        s.status_at, s.status_event_id, s.status_source::text AS status_source,
        s.exception_reason::text AS exception_reason, s.confirmed_at, s.cancelled_at, s.carrier_id, s.service,
        s.promised_from, s.promised_to, s.estimated_delivery_at, s.estimate_given, s.estimate_given_at,
        s.promised_from_date, s.promised_to_date, s.estimate_given_date, s.ready_at, s.picked_up_at,
        s.first_attempt_at, s.delivered_at, s.closed_at, s.last_event_at, s.last_order_at, s.is_returning,
        s.event_count, s.package_count, s.total_weight_g, s.declared_value, s.currency, s.incoterm,
        s.metadata::text AS metadata, s.tags, s.recipient_name, s.archived_at, s.created_at,
        (SELECT c.code FROM carrier c WHERE c.id = s.carrier_id) AS carrier
    FROM shipment s
    WHERE s.account_id = @account::uuid AND s.id = ANY (ARRAY(
        SELECT unnest(@ids::uuid[])
        UNION ALL
        SELECT n.id FROM shipment n WHERE n.account_id = @account::uuid AND n.number = ANY (@numbers::text[])
        UNION ALL
        SELECT e.id FROM shipment e
        WHERE e.account_id = @account::uuid AND e.external_reference = ANY (@references::text[])
    ))
    ORDER BY s.id
    FOR NO KEY UPDATE OF s
)
SELECT locked.*, clock_timestamp() AS now FROM locked
