SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ',') FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), ',"hasPreviousPage":', CAST(EXISTS (
  SELECT 1
  FROM shipment AS shipment_2
  WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND shipment_2.status_at <= $2::TIMESTAMP WITH TIME ZONE AND (shipment_2.status_at < $2::TIMESTAMP WITH TIME ZONE OR shipment_2.status_at = $2::TIMESTAMP WITH TIME ZONE AND shipment_2.number > $3::VARCHAR OR shipment_2.status_at = $2::TIMESTAMP WITH TIME ZONE AND shipment_2.number = $3::VARCHAR AND shipment_2.id >= $4::UUID)) AS TEXT), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.status_at, shipment_1.number DESC, shipment_1.id DESC) AS at, concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.status_at >= $5::TIMESTAMP WITH TIME ZONE AND (shipment_1.status_at > $5::TIMESTAMP WITH TIME ZONE OR shipment_1.status_at = $5::TIMESTAMP WITH TIME ZONE AND shipment_1.number < $6::VARCHAR OR shipment_1.status_at = $5::TIMESTAMP WITH TIME ZONE AND shipment_1.number = $6::VARCHAR AND shipment_1.id < $7::UUID)
  ORDER BY shipment_1.status_at, shipment_1.number DESC, shipment_1.id DESC
  LIMIT 3) AS page_1
