SELECT convert_to(concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '","number":', json_scalar(shipment_1.number), ',"externalReference":', coalesce(CAST(json_scalar(shipment_1.external_reference) AS TEXT), 'null'), ',"version":', shipment_1.version, ',"direction":"', shipment_1.direction, '","status":"', shipment_1.status, '","phase":"', CASE WHEN (shipment_1.status IN ('DRAFT', 'READY')) THEN 'PLANNING' WHEN (shipment_1.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')) THEN 'CLOSED' ELSE 'ACTIVE' END, '","statusAt":', json_scalar(shipment_1.status_at), ',"exceptionReason":', coalesce(('"' || shipment_1.exception_reason) || '"', 'null'), ',"service":', coalesce(CAST(json_scalar(shipment_1.service) AS TEXT), 'null'), ',"incoterm":', coalesce(CAST(json_scalar(shipment_1.incoterm) AS TEXT), 'null'), ',"tags":', array_to_json(shipment_1.tags), ',"carrier":', coalesce((
  SELECT concat('{"code":', json_scalar(carrier_1.code), ',"name":', json_scalar(carrier_1.name), '}') AS anon_1
  FROM carrier AS carrier_1
  WHERE carrier_1.id = shipment_1.carrier_id AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"shipper":', coalesce((
  SELECT concat('{"name":', json_scalar(party_1.name), ',"company":', coalesce(CAST(json_scalar(party_1.company) AS TEXT), 'null'), ',"lines":', array_to_json(party_1.lines), ',"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), ',"region":', coalesce(CAST(json_scalar(party_1.region) AS TEXT), 'null'), ',"postalCode":', coalesce(CAST(json_scalar(party_1.postal_code) AS TEXT), 'null'), ',"country":"', party_1.country_code, '","phone":', coalesce(CAST(json_scalar(party_1.phone) AS TEXT), 'null'), ',"email":', coalesce(CAST(json_scalar(party_1.email) AS TEXT), 'null'), '}') AS anon_2
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), ',"recipient":', coalesce((
  SELECT concat('{"name":', json_scalar(party_2.name), ',"country":"', party_2.country_code, '"}') AS anon_3
  FROM party AS party_2
  WHERE party_2.shipment_id = shipment_1.id AND party_2.role = 'RECIPIENT' AND party_2.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"packages":[', (
  SELECT string_agg(concat('{"seq":', package_1.seq, ',"trackingNumber":', coalesce(CAST(json_scalar(package_1.tracking_number) AS TEXT), 'null'), ',"trackingUrl":', coalesce(CAST(json_scalar((
    SELECT CASE WHEN (strpos(replace(carrier_2.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm), '{') = 0) THEN replace(carrier_2.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm) ELSE replace(replace(replace(replace(carrier_2.tracking_url_template, '{trackingNumber}', package_1.tracking_number_norm), '{trackingNumberRaw}', (
      SELECT string_agg(CASE WHEN (anon_5.value ~ '[A-Za-z0-9._~-]') THEN anon_5.value ELSE regexp_replace(upper(encode(convert_to(anon_5.value, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY anon_5.at) AS string_agg_2
      FROM string_to_table(package_1.tracking_number, NULL) WITH ORDINALITY AS anon_5(value, at))), '{postalCode}', coalesce((
      SELECT (
        SELECT string_agg(CASE WHEN (anon_7.value ~ '[A-Za-z0-9._~-]') THEN anon_7.value ELSE regexp_replace(upper(encode(convert_to(anon_7.value, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY anon_7.at) AS string_agg_3
        FROM string_to_table(party_3.postal_code, NULL) WITH ORDINALITY AS anon_7(value, at)) AS anon_6
      FROM party AS party_3
      WHERE party_3.shipment_id = package_1.shipment_id AND party_3.role = 'RECIPIENT' AND party_3.account_id IS NOT DISTINCT FROM $1::UUID), '')), '{country}', coalesce((
      SELECT party_4.country_code
      FROM party AS party_4
      WHERE party_4.shipment_id = package_1.shipment_id AND party_4.role = 'RECIPIENT' AND party_4.account_id IS NOT DISTINCT FROM $1::UUID), '')) END AS anon_4
    FROM shipment AS shipment_2, carrier AS carrier_2
    WHERE shipment_2.id = package_1.shipment_id AND carrier_2.id = shipment_2.carrier_id AND shipment_2.account_id IS NOT DISTINCT FROM $1::UUID AND carrier_2.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), ',"weight":', CASE WHEN (package_1.weight_entered IS NOT NULL) THEN concat('{"value":"', CASE WHEN (package_1.weight_unit = 'KG') THEN CAST(package_1.weight_entered AS TEXT) ELSE CAST(trim_scale(package_1.weight_g * 0.001) AS TEXT) END, '","unit":"KG"}') ELSE 'null' END, '}'), ','
  ORDER BY package_1.seq) AS string_agg_1
  FROM package AS package_1
  WHERE package_1.shipment_id = shipment_1.id AND package_1.account_id IS NOT DISTINCT FROM $1::UUID), '],"latestEvent":', coalesce((
  SELECT concat('{"code":"', tracking_event_1.code, '","occurredAt":', json_scalar(tracking_event_1.occurred_at), ',"place":', CASE WHEN (num_nonnulls(tracking_event_1.place_name, tracking_event_1.city, tracking_event_1.region, tracking_event_1.postal_code, tracking_event_1.country_code, tracking_event_1.latitude, tracking_event_1.longitude) > 0) THEN concat('{"city":', coalesce(CAST(json_scalar(tracking_event_1.city) AS TEXT), 'null'), ',"country":', coalesce(('"' || tracking_event_1.country_code) || '"', 'null'), '}') ELSE 'null' END, '}') AS anon_8
  FROM tracking_event AS tracking_event_1
  WHERE tracking_event_1.shipment_id = shipment_1.id AND tracking_event_1.voided_at IS NULL AND tracking_event_1.account_id IS NOT DISTINCT FROM $1::UUID
  ORDER BY tracking_event_1.occurred_at DESC, tracking_event_1.position DESC, tracking_event_1.id DESC
  LIMIT 1), 'null'), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR
