SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"service":', coalesce(CAST(json_scalar(shipment_1.service) AS TEXT), 'null'), ',"archivedAt":', coalesce(CAST(json_scalar(shipment_1.archived_at) AS TEXT), 'null'), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.status = 'READY' AND (shipment_1.number = $2::VARCHAR OR shipment_1.carrier_id IS NULL OR true) AND (shipment_1.service = $3::VARCHAR) IS NOT true
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 3) AS page_1
