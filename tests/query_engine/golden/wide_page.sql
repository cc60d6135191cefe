SELECT convert_to(concat('{"edges":[', string_agg(concat('{"cursor":"', page_1.cursor, '","node":', page_1.node_2, '}'), ',') FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), ',"endCursor":', coalesce(('"' || (array_agg(page_1.cursor ORDER BY page_1.at) FILTER (WHERE page_1.at <= 2))[least(count(*), 2)]) || '"', 'null'), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.created_at DESC, shipment_1.id DESC) AS at, encode((('\x01'::bytea || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id)) || substr(int8send(crc32(('\x736869706d656e74733a435245415445445f41543a2d2c2d'::bytea || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id))), 5), 'base64') AS cursor, concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '","number":', json_scalar(shipment_1.number), ',"status":"', shipment_1.status, '","carrier":', coalesce((
    SELECT concat('{"code":', json_scalar(carrier_1.code), ',"name":', json_scalar(carrier_1.name), '}') AS anon_1
    FROM carrier AS carrier_1
    WHERE carrier_1.id = shipment_1.carrier_id AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"recipient":', coalesce((
    SELECT concat('{"name":', json_scalar(party_1.name), ',"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), ',"country":"', party_1.country_code, '"}') AS anon_2
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'RECIPIENT' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"packages":[', (
    SELECT string_agg(concat('{"seq":', package_1.seq, ',"trackingNumber":', coalesce(CAST(json_scalar(package_1.tracking_number) AS TEXT), 'null'), ',"weight":', CASE WHEN (package_1.weight_entered IS NOT NULL) THEN concat('{"value":"', CASE WHEN (package_1.weight_unit = 'KG') THEN CAST(package_1.weight_entered AS TEXT) ELSE CAST(trim_scale(package_1.weight_g * 0.001) AS TEXT) END, '","unit":"KG"}') ELSE 'null' END, '}'), ',' ORDER BY package_1.seq) AS string_agg_1
    FROM package AS package_1
    WHERE package_1.shipment_id = shipment_1.id AND package_1.account_id IS NOT DISTINCT FROM $1::UUID), '],"events":', (
    SELECT concat('{"nodes":[', string_agg(page_2.node_1, ',' ORDER BY page_2.at DESC), ']}') AS anon_3
    FROM (
      SELECT row_number() OVER (ORDER BY tracking_event_1.occurred_at DESC, tracking_event_1.position DESC, tracking_event_1.id DESC) AS at, concat('{"code":"', tracking_event_1.code, '","occurredAt":', json_scalar(tracking_event_1.occurred_at), ',"place":', CASE WHEN (num_nonnulls(tracking_event_1.place_name, tracking_event_1.city, tracking_event_1.region, tracking_event_1.postal_code, tracking_event_1.country_code, tracking_event_1.latitude, tracking_event_1.longitude) > 0) THEN concat('{"city":', coalesce(CAST(json_scalar(tracking_event_1.city) AS TEXT), 'null'), '}') ELSE 'null' END, '}') AS node_1
      FROM tracking_event AS tracking_event_1
      WHERE tracking_event_1.account_id IS NOT DISTINCT FROM $1::UUID AND tracking_event_1.shipment_id = shipment_1.id AND tracking_event_1.voided_at IS NULL
      ORDER BY tracking_event_1.occurred_at DESC, tracking_event_1.position DESC, tracking_event_1.id DESC
      LIMIT 2) AS page_2), '}') AS node_2
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.carrier_id IS NOT NULL
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 3) AS page_1
