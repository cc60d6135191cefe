WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.package_count AS row_package_count, shipment_1.total_weight_g AS row_total_weight_g
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), total_1 AS (
  SELECT count(*) AS a1, sum(matching_1.row_package_count) AS a2, count(matching_1.row_total_weight_g) AS a3, sum(matching_1.row_total_weight_g) AS a4
  FROM matching_1)
SELECT convert_to(concat('{"total":', (
  SELECT concat('{"count":', coalesce(total_1.a1, 0), ',"packages":', coalesce(total_1.a2, 0), ',"weight":{"count":', coalesce(total_1.a3, 0), ',"sum":"', trim_scale(coalesce(total_1.a4 * 0.001, 0)), '"}}') AS anon_1
  FROM total_1), ',"precision":"', (
  SELECT CASE WHEN (count(*) > 100000) THEN 'AT_LEAST' ELSE 'EXACT' END AS anon_2
  FROM matching_1), '"}'), 'UTF8') AS convert_to_1
