SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"metadata":', shipment_1.metadata, ',"tags":', array_to_json(shipment_1.tags), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND ((shipment_1.metadata @> jsonb_build_object($2::VARCHAR, CAST($3::VARCHAR AS JSONB))) OR (shipment_1.metadata @> jsonb_build_object($2::VARCHAR, CAST($4::VARCHAR AS JSONB)))) AND shipment_1.metadata != '{}' AND shipment_1.metadata[$5::VARCHAR] = any(CAST($6::TEXT[] AS JSONB[])) AND ((shipment_1.metadata ->> $7::VARCHAR) COLLATE "C") IS NOT NULL AND (shipment_1.tags && $8::TEXT[]) AND shipment_1.tags != '{}'
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1
