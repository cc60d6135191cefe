SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"carrier":', coalesce((
    SELECT concat('{"name":', json_scalar(carrier_1.name), '}') AS anon_1
    FROM carrier AS carrier_1
    WHERE carrier_1.id = shipment_1.carrier_id AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"packages":[', (
    SELECT string_agg(concat('{"trackingNumber":', coalesce(CAST(json_scalar(package_1.tracking_number) AS TEXT), 'null'), '}'), ',' ORDER BY package_1.seq) AS string_agg_1
    FROM package AS package_1
    WHERE package_1.shipment_id = shipment_1.id AND package_1.account_id IS NOT DISTINCT FROM $1::UUID), ']}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.status = 'IN_TRANSIT'
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1
