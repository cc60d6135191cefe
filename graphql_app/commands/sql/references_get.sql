-- The references of some shipments, in their order.
SELECT shipment_id, kind, value
FROM shipment_reference
WHERE shipment_id = ANY (@shipments::uuid[]) AND account_id = @account::uuid
ORDER BY shipment_id, seq
