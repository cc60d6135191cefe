-- The recorded events with these deduplication keys.
SELECT
    e.shipment_id, e.dedupe_key, e.id, e.package_id, e.code::text AS code, e.reason::text AS reason, e.message,
    e.occurred_at, e.carrier_status_raw, e.place_name, e.city, e.region, e.postal_code, e.country_code, e.latitude,
    e.longitude, e.estimated_delivery_at, e.code_mapped
FROM unnest(@shipment::uuid[], @dedupe_key::bytea[]) AS g(shipment_id, dedupe_key)
JOIN tracking_event e USING (shipment_id, dedupe_key)
WHERE e.account_id = @account::uuid
