SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ',') FILTER (WHERE page_1.at <= 0), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 0 AS TEXT), ',"hasPreviousPage":', CAST(false AS TEXT), ',"startCursor":', coalesce(('"' || (array_agg(page_1.cursor ORDER BY page_1.at) FILTER (WHERE page_1.at <= 0))[1]) || '"', 'null'), '},"totalCount":', (
  SELECT concat('{"count":', least(count_1.rows, 10000), '}') AS anon_1
  FROM (
    SELECT count(*) AS rows
    FROM (
      SELECT 1
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL
      LIMIT 10001) AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY shipment_1.created_at DESC, shipment_1.id DESC) AS at, concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '"}') AS node_1, encode((('\x01'::bytea || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id)) || substr(int8send(crc32(('\x736869706d656e74733a435245415445445f41543a2d2c2d'::bytea || timestamptz_send(shipment_1.created_at)) || uuid_send(shipment_1.id))), 5), 'base64') AS cursor
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 1) AS page_1
