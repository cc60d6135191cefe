BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"edges":[', string_agg(concat('{"cursor":"', page_1.cursor, '","node":', page_1.node_2, '}'), ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT encode((((('\x01'::bytea || int8send(change_1.log_position)) || int8send(change_1.seq)) || timestamptz_send(change_1.at)) || int8send((
    SELECT (s.epoch::bigint << 32) | ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
    FROM change_log_state s))) || substr(int8send(crc32(((('\x6368616e6765733a2b2c2b2c2b2c2b'::bytea || int8send(change_1.log_position)) || int8send(change_1.seq)) || timestamptz_send(change_1.at)) || int8send((
    SELECT (s.epoch::bigint << 32) | ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
    FROM change_log_state s)))), 5), 'base64') AS cursor, concat('{"cursor":"', encode((((('\x01'::bytea || int8send(change_1.log_position)) || int8send(change_1.seq)) || timestamptz_send(change_1.at)) || int8send((
    SELECT (s.epoch::bigint << 32) | ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
    FROM change_log_state s))) || substr(int8send(crc32(((('\x6368616e6765733a2b2c2b2c2b2c2b'::bytea || int8send(change_1.log_position)) || int8send(change_1.seq)) || timestamptz_send(change_1.at)) || int8send((
    SELECT (s.epoch::bigint << 32) | ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
    FROM change_log_state s)))), 5), 'base64'), '","op":', json_scalar(change_1.op), ',"actor":', json_scalar(change_1.actor), ',"at":', json_scalar(change_1.at), ',"shipmentSeq":', change_1.shipment_seq, ',"requestId":', coalesce(CAST(json_scalar(change_1.request_id) AS TEXT), 'null'), '}') AS node_2
  FROM change AS change_1
  WHERE change_1.account_id = $1::UUID AND change_1.log_position < (
    SELECT s.position_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    FROM change_log_state s)
  ORDER BY change_1.log_position, change_1.seq
  LIMIT 2) AS page_1

SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"changed":', change_1.changed, ',"shipment":', coalesce((
    SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS anon_1
    FROM shipment AS shipment_1
    WHERE shipment_1.id = change_1.shipment_id AND shipment_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}') AS node_1
  FROM change AS change_1
  WHERE change_1.account_id = $1::UUID AND change_1.log_position < (
    SELECT s.position_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    FROM change_log_state s) AND change_1.shipment_id = any($2::UUID[]) AND change_1.op = any($3::TEXT[])
  ORDER BY change_1.log_position, change_1.seq
  LIMIT 100) AS page_1

SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new

COMMIT;
