SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ',') FILTER (WHERE page_1.at <= 10), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 10 OR (EXISTS (
  SELECT 1
  FROM shipment AS shipment_2
  WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND (shipment_2.created_at, shipment_2.id) <= ($2::TIMESTAMP WITH TIME ZONE, $3::UUID))) AS TEXT), ',"hasPreviousPage":', CAST(EXISTS (
  SELECT 1
  FROM shipment AS shipment_3
  WHERE shipment_3.account_id = $1::UUID AND shipment_3.archived_at IS NULL AND (shipment_3.created_at, shipment_3.id) >= ($4::TIMESTAMP WITH TIME ZONE, $5::UUID)) AS TEXT), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.created_at DESC, shipment_1.id DESC) AS at, concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (shipment_1.created_at, shipment_1.id) < ($6::TIMESTAMP WITH TIME ZONE, $7::UUID) AND (shipment_1.created_at, shipment_1.id) > ($8::TIMESTAMP WITH TIME ZONE, $9::UUID)
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 11) AS page_1
