-- The recorded events with these deduplication keys.
SELECT e.shipment_id, e.dedupe_key, e.id
FROM unnest(@shipment::uuid[], @dedupe_key::bytea[]) AS g(shipment_id, dedupe_key)
JOIN tracking_event e USING (shipment_id, dedupe_key)
WHERE e.account_id = @account::uuid
