SELECT convert_to(concat('{"edges":[', string_agg(concat('{"cursor":"', page_1.cursor, '","node":', page_1.node_2, '}'), ',') FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY carrier_1.code, carrier_1.id) AS at, translate(encode((('\x01'::bytea || (int2send(CAST(octet_length(carrier_1.code) AS SMALLINT)) || convert_to(carrier_1.code, 'UTF8'))) || uuid_send(carrier_1.id)) || substr(int8send(crc32(('\x63617272696572733a2b2c2b'::bytea || (int2send(CAST(octet_length(carrier_1.code) AS SMALLINT)) || convert_to(carrier_1.code, 'UTF8'))) || uuid_send(carrier_1.id))), 5), 'base64'), E'\n', '') AS cursor, concat('{"code":', json_scalar(carrier_1.code), ',"name":', json_scalar(carrier_1.name), '}') AS node_2
  FROM carrier AS carrier_1
  WHERE carrier_1.account_id = $1::UUID
  ORDER BY carrier_1.code, carrier_1.id
  LIMIT 3) AS page_1
