WITH cells_1 AS (
  SELECT shipment_rollup_1.day AS day, shipment_rollup_1.shipments AS shipments, shipment_rollup_1.packages AS packages, shipment_rollup_1.weights AS weights, shipment_rollup_1.weight_g AS weight_g, shipment_rollup_1.deadlines AS deadlines, shipment_rollup_1.on_time AS on_time, shipment_rollup_1.deliveries AS deliveries, shipment_rollup_1.first_attempts AS first_attempts, shipment_rollup_1.pickups AS pickups, shipment_rollup_1.problems AS problems, shipment_rollup_1.returns AS returns, shipment_rollup_1.transits AS transits, shipment_rollup_1.transit_seconds AS transit_seconds
  FROM shipment_rollup AS shipment_rollup_1
  WHERE shipment_rollup_1.account_id = $1::UUID AND shipment_rollup_1.dimensions = '' AND shipment_rollup_1.time_field = '' AND shipment_rollup_1.shipments > 0), cells_2 AS (
  SELECT shipment_rollup_2.day AS day, shipment_rollup_2.shipments AS shipments, shipment_rollup_2.packages AS packages, shipment_rollup_2.weights AS weights, shipment_rollup_2.weight_g AS weight_g, shipment_rollup_2.deadlines AS deadlines, shipment_rollup_2.on_time AS on_time, shipment_rollup_2.deliveries AS deliveries, shipment_rollup_2.first_attempts AS first_attempts, shipment_rollup_2.pickups AS pickups, shipment_rollup_2.problems AS problems, shipment_rollup_2.returns AS returns, shipment_rollup_2.transits AS transits, shipment_rollup_2.transit_seconds AS transit_seconds
  FROM shipment_rollup AS shipment_rollup_2
  WHERE shipment_rollup_2.account_id = $1::UUID AND shipment_rollup_2.dimensions = '' AND shipment_rollup_2.time_field = '' AND shipment_rollup_2.shipments > 0), transits_1 AS (
  SELECT cells.bucket AS bucket_number, sum(cells.shipments) AS shipments
  FROM (
    SELECT shipment_rollup_transit_1.day AS day, shipment_rollup_transit_1.shipments AS shipments, shipment_rollup_transit_1.bucket AS bucket
    FROM shipment_rollup_transit AS shipment_rollup_transit_1
    WHERE shipment_rollup_transit_1.account_id = $1::UUID AND shipment_rollup_transit_1.dimensions = '' AND shipment_rollup_transit_1.time_field = '' AND shipment_rollup_transit_1.shipments > 0) AS cells GROUP BY cells.bucket), transits_2 AS (
  SELECT cells.bucket AS bucket_number, sum(cells.shipments) AS shipments
  FROM (
    SELECT shipment_rollup_transit_2.day AS day, shipment_rollup_transit_2.shipments AS shipments, shipment_rollup_transit_2.bucket AS bucket
    FROM shipment_rollup_transit AS shipment_rollup_transit_2
    WHERE shipment_rollup_transit_2.account_id = $1::UUID AND shipment_rollup_transit_2.dimensions = '' AND shipment_rollup_transit_2.time_field = '' AND shipment_rollup_transit_2.shipments > 0) AS cells GROUP BY cells.bucket), total_2 AS (
  SELECT sum(cells.shipments) AS a1, sum(cells.packages) AS a2, sum(cells.weights) AS a3, sum(cells.weight_g) AS a4
  FROM cells_1 AS cells), matching_1 AS MATERIALIZED (
  SELECT shipment_1.package_count AS row_package_count, shipment_1.total_weight_g AS row_total_weight_g
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), total_1 AS (
  SELECT count(*) AS a1, sum(matching_1.row_package_count) AS a2, count(matching_1.row_total_weight_g) AS a3, sum(matching_1.row_total_weight_g) AS a4
  FROM matching_1)
SELECT convert_to(CASE WHEN (
  SELECT coalesce(sum(cells_1.shipments), 0) > 100000 AS anon_1
  FROM cells_1) THEN concat('{"total":', (
  SELECT concat('{"count":', trim_scale(coalesce(total_2.a1, 0)), ',"packages":', trim_scale(coalesce(total_2.a2, 0)), ',"weight":{"count":', trim_scale(coalesce(total_2.a3, 0)), ',"sum":"', trim_scale(round(coalesce(total_2.a4, 0) * 0.001, 6)), '"}}') AS anon_2
  FROM total_2), ',"precision":"', 'ESTIMATED', '"}') ELSE concat('{"total":', (
  SELECT concat('{"count":', coalesce(total_1.a1, 0), ',"packages":', coalesce(total_1.a2, 0), ',"weight":{"count":', coalesce(total_1.a3, 0), ',"sum":"', trim_scale(coalesce(total_1.a4 * 0.001, 0)), '"}}') AS anon_3
  FROM total_1), ',"precision":"', (
  SELECT CASE WHEN (count(*) > 100000) THEN 'AT_LEAST' ELSE 'EXACT' END AS anon_4
  FROM matching_1), '"}') END, 'UTF8') AS convert_to_1
