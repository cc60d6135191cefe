SELECT convert_to(concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '","shipper":', coalesce((
  SELECT concat('{"name":', json_scalar(party_1.name), '}') AS anon_1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR
