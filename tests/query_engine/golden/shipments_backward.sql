SELECT convert_to(concat('{"edges":[', string_agg(concat('{"cursor":"', page_1.cursor, '","node":', page_1.node_2, '}'), ',' ORDER BY page_1.at DESC) FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(EXISTS (
  SELECT 1
  FROM shipment AS shipment_2
  WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND (shipment_2.created_at, shipment_2.id) <= ($2::TIMESTAMP WITH TIME ZONE, $3::UUID)) AS TEXT), ',"hasPreviousPage":', CAST(count(*) > 2 AS TEXT), ',"startCursor":', coalesce(('"' || (array_agg(page_1.cursor ORDER BY page_1.at) FILTER (WHERE page_1.at <= 2))[least(count(*), 2)]) || '"', 'null'), ',"endCursor":', coalesce(('"' || (array_agg(page_1.cursor ORDER BY page_1.at) FILTER (WHERE page_1.at <= 2))[1]) || '"', 'null'), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.created_at, shipment_1.id) AS at, encode((('\x01'::bytea || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id)) || substr(int8send(crc32(('\x736869706d656e74733a435245415445445f41543a2d2c2d'::bytea || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id))), 5), 'base64') AS cursor, concat('{"number":', json_scalar(shipment_1.number), '}') AS node_2
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (shipment_1.created_at, shipment_1.id) > ($4::TIMESTAMP WITH TIME ZONE, $5::UUID)
  ORDER BY shipment_1.created_at, shipment_1.id
  LIMIT 3) AS page_1
