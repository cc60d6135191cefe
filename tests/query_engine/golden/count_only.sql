BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"totalCount":', (
  SELECT concat('{"count":', least(count_1.rows, 10000), ',"precision":', CASE WHEN count_1.rows > 10000 THEN '"AT_LEAST"' ELSE '"EXACT"' END, '}') AS anon_1
  FROM (
    SELECT count(*) AS rows
    FROM (
      SELECT 1
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL
      LIMIT 10001) AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1

SELECT convert_to(concat('{"totalCount":', (
  SELECT concat('{"count":', least(count_1.rows, 5), ',"precision":', CASE WHEN count_1.rows > 5 THEN '"AT_LEAST"' ELSE '"EXACT"' END, '}') AS anon_1
  FROM (
    SELECT count(*) AS rows
    FROM (
      SELECT 1
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL
      LIMIT 6) AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1

SELECT convert_to(concat('{"totalCount":', (
  SELECT concat('{"count":', count_1.rows, ',"precision":"EXACT"}') AS anon_1
  FROM (
    SELECT count(*) AS rows
    FROM (
      SELECT 1
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND shipment_2.status = 'DELIVERED') AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1

COMMIT;
