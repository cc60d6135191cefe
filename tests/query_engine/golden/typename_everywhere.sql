SELECT convert_to(concat('{"__typename":"ShipmentConnection","edges":[', string_agg(concat('{"__typename":"ShipmentEdge","node":', page_1.node_1, '}'), ',') FILTER (WHERE page_1.at <= 1), '],"pageInfo":{"__typename":"PageInfo"},"totalCount":', (
  SELECT '{"__typename":"Count"}' AS anon_1
  FROM (
    SELECT count(*) AS rows
    FROM (
      SELECT 1
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL
      LIMIT 10001) AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.created_at DESC, shipment_1.id DESC) AS at, concat('{"__typename":"Shipment","totalWeight":', CASE WHEN (shipment_1.total_weight_g IS NOT NULL) THEN '{"__typename":"Weight"}' ELSE 'null' END, ',"shipper":', coalesce((
    SELECT '{"name":"Party"}' AS anon_3
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1
