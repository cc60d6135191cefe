BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"__typename":"Shipment","number":', json_scalar(shipment_1.number), ',"recipient":', coalesce((
  SELECT concat('{"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), ',"country":"', party_1.country_code, '"}') AS anon_1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'RECIPIENT' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"version":', shipment_1.version, ',"tags":', array_to_json(shipment_1.tags), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR

SELECT convert_to(concat('{"__typename":"Shipment","number":', json_scalar(shipment_1.number), ',"recipient":', coalesce((
  SELECT concat('{"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), ',"country":"', party_1.country_code, '"}') AS anon_1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'RECIPIENT' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR

COMMIT;
