SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"status":"', shipment_1.status, '"}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (shipment_1.status NOT IN ('EXCEPTION')) AND shipment_1.status IN ('AVAILABLE_FOR_PICKUP', 'DELIVERY_ATTEMPTED', 'EXCEPTION', 'IN_TRANSIT', 'OUT_FOR_DELIVERY', 'PARTIALLY_DELIVERED', 'PICKED_UP', 'RETURNING') AND shipment_1.direction = 'OUTBOUND'
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1
