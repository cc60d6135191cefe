SELECT convert_to(concat('{"carrier":', coalesce((
  SELECT concat('{"code":', json_scalar(carrier_1.code), ',"name":', json_scalar(carrier_1.name), ',"id":"car_', encode(uuid_send(carrier_1.id), 'hex'), '"}') AS anon_1
  FROM carrier AS carrier_1
  WHERE carrier_1.id = shipment_1.carrier_id AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"number":', json_scalar(shipment_1.number), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR
