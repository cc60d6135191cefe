SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"shipper":', coalesce((
    SELECT concat('{"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), ',"country":"', party_1.country_code, '"}') AS anon_1
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), ',"recipient":', coalesce((
    SELECT concat('{"postalCode":', coalesce(CAST(json_scalar(party_2.postal_code) AS TEXT), 'null'), '}') AS anon_2
    FROM party AS party_2
    WHERE party_2.shipment_id = shipment_1.id AND party_2.role = 'RECIPIENT' AND party_2.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (EXISTS (
    SELECT 1
    FROM party AS party_3
    WHERE party_3.shipment_id = shipment_1.id AND party_3.account_id = $1::UUID AND party_3.role = 'SHIPPER' AND party_3.country_code = any($2::TEXT[]) AND party_3.city_key >= $3::VARCHAR AND party_3.city_key < $4::VARCHAR)) AND (EXISTS (
    SELECT 1
    FROM party AS party_4
    WHERE party_4.shipment_id = shipment_1.id AND party_4.account_id = $1::UUID AND party_4.role = 'RECIPIENT' AND party_4.postal_code IS NULL))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1
