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
    SELECT CASE WHEN (strpos(replace(carrier_1.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm), '{') = 0) THEN replace(carrier_1.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm) ELSE replace(replace(replace(replace(carrier_1.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm), '{trackingNumberRaw}', (
      SELECT string_agg(CASE WHEN (anon_2.value ~ '[A-Za-z0-9._~-]') THEN anon_2.value ELSE regexp_replace(upper(encode(convert_to(anon_2.value, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY anon_2.at) AS string_agg_1
      FROM string_to_table(package_1.tracking_number, NULL) WITH ORDINALITY AS anon_2(value, at))), '{postalCode}', coalesce((
      SELECT (
        SELECT string_agg(CASE WHEN (anon_4.value ~ '[A-Za-z0-9._~-]') THEN anon_4.value ELSE regexp_replace(upper(encode(convert_to(anon_4.value, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY anon_4.at) AS string_agg_2
        FROM string_to_table(party_1.postal_code, NULL) WITH ORDINALITY AS anon_4(value, at)) AS anon_3
      FROM party AS party_1
      WHERE party_1.shipment_id = package_1.shipment_id AND party_1.role = 'RECIPIENT' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), '')), '{country}', coalesce((
      SELECT party_2.country_code
      FROM party AS party_2
      WHERE party_2.shipment_id = package_1.shipment_id AND party_2.role = 'RECIPIENT' AND party_2.account_id IS NOT DISTINCT FROM $1::UUID), '')) END AS anon_1
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
