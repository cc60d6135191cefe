SELECT convert_to(concat('{"history":', (
  SELECT concat('{"nodes":[', string_agg(page_1.node_1, ',') FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), '}}') AS anon_1
  FROM (
    SELECT row_number() OVER (ORDER BY change_1.log_position, change_1.seq) AS at, concat('{"op":', json_scalar(change_1.op), ',"shipmentSeq":', change_1.shipment_seq, '}') AS node_1
    FROM change AS change_1
    WHERE change_1.account_id IS NOT DISTINCT FROM $1::UUID AND change_1.log_position < (
      SELECT s.position_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      FROM change_log_state s) AND change_1.shipment_id = shipment_1.id AND (change_1.log_position, change_1.seq) > ($2::BIGINT, $3::BIGINT)
    ORDER BY change_1.log_position, change_1.seq
    LIMIT 3) AS page_1), '}'), 'UTF8') AS convert_to_1, $4::BIGINT != (
  SELECT (s.epoch::bigint << 32) | ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
  FROM change_log_state s) OR $5::BIGINT > 0 AND NOT (EXISTS (
  SELECT 1
  FROM change AS change_2
  WHERE change_2.account_id = $1::UUID AND change_2.log_position = $6::BIGINT AND change_2.seq = $5::BIGINT AND change_2.at = $7::TIMESTAMP WITH TIME ZONE)) AS anon_2
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $8::VARCHAR
