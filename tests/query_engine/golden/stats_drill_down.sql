WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.service AS k1, shipment_1.created_at AS sort_1, shipment_1.id AS sort_2, shipment_1.id AS row_id
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, (array_agg(matching_1.row_id ORDER BY matching_1.sort_1 DESC, matching_1.sort_2 DESC))[$2::INTEGER:$3::INTEGER] AS a1, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1), page_1 AS (
  SELECT g.k1, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 3)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '}],"shipments":', (
    SELECT concat('{"nodes":[', string_agg(page_2.node_1, ',') FILTER (WHERE page_2.at <= 2), '],"totalCount":{"count":', least(page_1.number_of_rows, 10000), ',"precision":"', CASE WHEN page_1.number_of_rows > 10000 THEN 'AT_LEAST' ELSE 'EXACT' END, '"},"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), ',"endCursor":', coalesce(('"' || (array_agg(page_2.cursor ORDER BY page_2.at) FILTER (WHERE page_2.at <= 2))[least(count(*), 2)]) || '"', 'null'), '}}') AS anon_2
    FROM (
      SELECT row_number() OVER (ORDER BY shipment_2.created_at DESC, shipment_2.id DESC) AS at, concat('{"number":', json_scalar(shipment_2.number), ',"carrier":', coalesce((
        SELECT concat('{"code":', json_scalar(carrier_1.code), '}') AS anon_3
        FROM carrier AS carrier_1
        WHERE carrier_1.id = shipment_2.carrier_id AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}') AS node_1, encode((('\x01'::bytea || timestamptz_send(shipment_2.created_at)) || uuid_send(shipment_2.id)) || substr(int8send(crc32(('\x736869706d656e74733a435245415445445f41543a2d2c2d'::bytea || timestamptz_send(shipment_2.created_at)) || uuid_send(shipment_2.id))), 5), 'base64') AS cursor
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id IS NOT DISTINCT FROM $1::UUID AND shipment_2.id = any(page_1.a1)
      ORDER BY shipment_2.created_at DESC, shipment_2.id DESC
      LIMIT 3) AS page_2), '}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 2) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
