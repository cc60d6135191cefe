BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('[', string_agg(page_1.item, ','), ']'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"id":"pkg_', encode(uuid_send(package_1.id), 'hex'), '","trackingNumber":', coalesce(CAST(json_scalar(package_1.tracking_number) AS TEXT), 'null'), ',"shipment":', coalesce((
    SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS anon_1
    FROM shipment AS shipment_1
    WHERE shipment_1.id = package_1.shipment_id AND shipment_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS item
  FROM package AS package_1
  WHERE package_1.account_id = $1::UUID AND package_1.tracking_number_norm = $2::VARCHAR
  ORDER BY package_1.id DESC
  LIMIT 100) AS page_1

SELECT convert_to(concat('[', string_agg(page_1.item, ','), ']'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"id":"pkg_', encode(uuid_send(package_1.id), 'hex'), '","trackingUrl":', coalesce(CAST(json_scalar((
    SELECT replace(carrier_1.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm) AS replace_1
    FROM shipment AS shipment_1, carrier AS carrier_1
    WHERE shipment_1.id = package_1.shipment_id AND carrier_1.id = shipment_1.carrier_id AND shipment_1.account_id IS NOT DISTINCT FROM $1::UUID AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), '}') AS item
  FROM package AS package_1
  WHERE package_1.account_id = $1::UUID AND package_1.tracking_number_norm = $2::VARCHAR AND (EXISTS (
    SELECT 1
    FROM shipment AS shipment_2, carrier AS carrier_2
    WHERE shipment_2.account_id = $1::UUID AND shipment_2.id = package_1.shipment_id AND shipment_2.carrier_id = carrier_2.id AND carrier_2.account_id = $1::UUID AND carrier_2.code = $3::VARCHAR))
  ORDER BY package_1.id DESC
  LIMIT 100) AS page_1

COMMIT;
