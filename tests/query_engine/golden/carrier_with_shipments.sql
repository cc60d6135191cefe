BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"id":"car_', encode(uuid_send(carrier_1.id), 'hex'), '","code":', json_scalar(carrier_1.code), ',"name":', json_scalar(carrier_1.name), ',"trackingUrlTemplate":', coalesce(CAST(json_scalar(carrier_1.tracking_url_template) AS TEXT), 'null'), ',"shipments":', (
  SELECT concat('{"nodes":[', string_agg(page_1.node_1, ','), '],"totalCount":', (
    SELECT concat('{"count":', least(count_1.rows, 10000), '}') AS anon_2
    FROM (
      SELECT count(*) AS rows
      FROM (
        SELECT 1
        FROM shipment AS shipment_2
        WHERE shipment_2.account_id = $1::UUID AND shipment_2.carrier_id = carrier_1.id AND shipment_2.archived_at IS NULL AND shipment_2.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')
        LIMIT 10001) AS anon_3) AS count_1), '}') AS anon_1
  FROM (
    SELECT concat('{"number":', json_scalar(shipment_1.number), ',"status":"', shipment_1.status, '"}') AS node_1
    FROM shipment AS shipment_1
    WHERE shipment_1.account_id = $1::UUID AND shipment_1.carrier_id = carrier_1.id AND shipment_1.archived_at IS NULL AND shipment_1.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')
    ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
    LIMIT 2) AS page_1), '}'), 'UTF8') AS convert_to_1
FROM carrier AS carrier_1
WHERE carrier_1.account_id = $1::UUID AND carrier_1.code = $2::VARCHAR

SELECT convert_to(concat('{"id":"car_', encode(uuid_send(carrier_1.id), 'hex'), '"}'), 'UTF8') AS convert_to_1
FROM carrier AS carrier_1
WHERE carrier_1.account_id = $1::UUID AND carrier_1.code = $2::VARCHAR

COMMIT;
