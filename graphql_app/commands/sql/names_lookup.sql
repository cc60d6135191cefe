-- Ids by name: carriers by code, shipments by external reference, and by the tracking number of an active package.
SELECT 'carrier' AS kind, code AS name, id
FROM carrier
WHERE account_id = @account::uuid AND code = ANY (@carriers::text[])
UNION ALL
SELECT 'reference', external_reference, id
FROM shipment
WHERE account_id = @account::uuid AND external_reference = ANY (@references::text[])
UNION ALL
SELECT 'number', tracking_number_norm, shipment_id
FROM package
WHERE account_id = @account::uuid AND tracking_number_norm = ANY (@numbers::text[])
    AND status NOT IN ('DELIVERED', 'RETURNED', 'FAILED', 'CANCELLED')
