SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"externalReference":', coalesce(CAST(json_scalar(shipment_1.external_reference) AS TEXT), 'null'), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.number = any($2::TEXT[]) AND shipment_1.number >= $3::VARCHAR AND shipment_1.number < $4::VARCHAR AND shipment_1.external_reference LIKE $5::VARCHAR AND shipment_1.external_reference IS NOT NULL AND shipment_1.carrier_id IN (
    SELECT carrier_1.id
    FROM carrier AS carrier_1
    WHERE carrier_1.code = $6::VARCHAR AND carrier_1.account_id = $1::UUID) AND shipment_1.service = $7::VARCHAR
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1
