SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ',') FILTER (WHERE page_1.at <= 3), '],"pageInfo":{"endCursor":', coalesce(('"' || (array_agg(page_1.cursor ORDER BY page_1.at) FILTER (WHERE page_1.at <= 3))[least(count(*), 3)]) || '"', 'null'), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.status, shipment_1.created_at, shipment_1.id) AS at, concat('{"number":', json_scalar(shipment_1.number), ',"status":"', shipment_1.status, '"}') AS node_1, translate(encode(((('\x01'::bytea || (int2send(CAST(octet_length(CAST(shipment_1.status AS TEXT)) AS SMALLINT)) || convert_to(CAST(shipment_1.status AS TEXT), 'UTF8'))) || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id)) || substr(int8send(crc32((('\x736869706d656e74733a5354415455533a2b2c2b2c2b'::bytea || (int2send(CAST(octet_length(CAST(shipment_1.status AS TEXT)) AS SMALLINT)) || convert_to(CAST(shipment_1.status AS TEXT), 'UTF8'))) || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id))), 5), 'base64'), E'\n', '') AS cursor
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  ORDER BY shipment_1.status, shipment_1.created_at, shipment_1.id
  LIMIT 4) AS page_1
