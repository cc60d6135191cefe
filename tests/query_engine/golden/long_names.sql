SELECT convert_to(concat('{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA":', json_scalar(shipment_1.number), ',"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaB":"', shipment_1.status, '","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaC":[', (
  SELECT string_agg(concat('{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaD":', package_1.seq, '}'), ',' ORDER BY package_1.seq) AS string_agg_1
  FROM package AS package_1
  WHERE package_1.shipment_id = shipment_1.id AND package_1.account_id IS NOT DISTINCT FROM $1::UUID), ']}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR
