-- The items of some shipments, in their order.
SELECT
    i.shipment_id, i.seq, p.seq AS package_seq, i.sku, i.title, i.quantity, i.unit, i.unit_value, i.currency,
    i.origin_country, i.batch, i.metadata::text AS metadata
FROM shipment_item i
LEFT JOIN package p ON p.id = i.package_id
WHERE i.shipment_id = ANY (@shipments::uuid[]) AND i.account_id = @account::uuid
ORDER BY i.shipment_id, i.seq
