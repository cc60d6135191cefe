BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"number":', json_scalar(shipment_1.number), ',"shipper":', coalesce((
  SELECT concat('{"name":', json_scalar(party_1.name), '}') AS anon_1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.id = $2::UUID

SELECT convert_to(concat('[', string_agg(coalesce(CASE WHEN (given.kind = 'Carrier') THEN (
  SELECT '{}' AS anon_1
  FROM carrier AS carrier_1
  WHERE carrier_1.account_id = $1::UUID AND carrier_1.id = given.id) WHEN (given.kind = 'Shipment') THEN (
  SELECT concat('{"shipper":', coalesce((
    SELECT concat('{"name":', json_scalar(party_1.name), '}') AS anon_3
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS anon_2
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.id = given.id) WHEN (given.kind = 'Package') THEN (
  SELECT '{}' AS anon_4
  FROM package AS package_1
  WHERE package_1.account_id = $1::UUID AND package_1.id = given.id) WHEN (given.kind = 'ShipmentItem') THEN (
  SELECT '{}' AS anon_5
  FROM shipment_item AS shipment_item_1
  WHERE shipment_item_1.account_id = $1::UUID AND shipment_item_1.id = given.id) WHEN (given.kind = 'TrackingEvent') THEN (
  SELECT '{}' AS anon_6
  FROM tracking_event AS tracking_event_1
  WHERE tracking_event_1.account_id = $1::UUID AND tracking_event_1.id = given.id) END, 'null'), ','
ORDER BY given.at), ']'), 'UTF8') AS convert_to_1
FROM unnest($2::UUID[], $3::TEXT[]) WITH ORDINALITY AS given(id, kind, at)

SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new

SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"returnOf":', coalesce((
    SELECT concat('{"number":', json_scalar(shipment_2.number), ',"shipper":', coalesce((
      SELECT concat('{"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), '}') AS anon_2
      FROM party AS party_1
      WHERE party_1.shipment_id = shipment_2.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS anon_1
    FROM shipment AS shipment_2
    WHERE shipment_2.id = shipment_1.return_of_id AND shipment_2.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.number = $2::VARCHAR
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1

COMMIT;
