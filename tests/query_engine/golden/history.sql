SELECT convert_to(concat('{"history":', (
  SELECT concat('{"nodes":[', string_agg(page_1.node_1, ',') FILTER (WHERE page_1.at <= 2), '],"pageInfo":{"hasNextPage":', CAST(count(*) > 2 AS TEXT), '}}') AS anon_1
  FROM (
    SELECT row_number() OVER (ORDER BY change_1.xid, change_1.seq) AS at, concat('{"op":', json_scalar(change_1.op), ',"shipmentSeq":', change_1.shipment_seq, '}') AS node_1
    FROM change AS change_1
    WHERE change_1.account_id IS NOT DISTINCT FROM $1::UUID AND change_1.xid < pg_snapshot_xmin(pg_current_snapshot()) AND change_1.shipment_id = shipment_1.id AND (change_1.xid, change_1.seq) > (CAST($2::VARCHAR AS XID8), $3::BIGINT)
    ORDER BY change_1.xid, change_1.seq
    LIMIT 3) AS page_1), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $4::VARCHAR
