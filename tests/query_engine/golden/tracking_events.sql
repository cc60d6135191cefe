SELECT convert_to(concat('{"edges":[', string_agg(concat('{"cursor":"', page_1.cursor, '","node":', page_1.node_2, '}'), ',') FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY tracking_event_1.recorded_at, tracking_event_1.id) AS at, encode((('\x01'::bytea || timestamptz_send(tracking_event_1.recorded_at)) || uuid_send(tracking_event_1.id)) || substr(int8send(crc32(('\x6576656e74733a5245434f524445445f41543a2b2c2b'::bytea || timestamptz_send(tracking_event_1.recorded_at)) || uuid_send(tracking_event_1.id))), 5), 'base64') AS cursor, concat('{"code":"', tracking_event_1.code, '","recordedAt":', json_scalar(tracking_event_1.recorded_at), ',"shipment":', coalesce((
    SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS anon_1
    FROM shipment AS shipment_1
    WHERE shipment_1.id = tracking_event_1.shipment_id AND shipment_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), ',"package":', coalesce((
    SELECT concat('{"seq":', package_1.seq, '}') AS anon_2
    FROM package AS package_1
    WHERE package_1.id = tracking_event_1.package_id AND package_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}') AS node_2
  FROM tracking_event AS tracking_event_1
  WHERE tracking_event_1.account_id = $1::UUID AND tracking_event_1.shipment_id IN (
    SELECT shipment_2.id
    FROM shipment AS shipment_2
    WHERE shipment_2.account_id = $1::UUID AND shipment_2.number = $2::VARCHAR) AND tracking_event_1.recorded_at >= $3::TIMESTAMP WITH TIME ZONE AND tracking_event_1.source_name = $4::VARCHAR AND tracking_event_1.voided_at IS NULL
  ORDER BY tracking_event_1.recorded_at, tracking_event_1.id
  LIMIT 3) AS page_1
