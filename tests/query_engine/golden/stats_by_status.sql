WITH cells_1 AS (
  SELECT shipment_rollup_1.day AS day, shipment_rollup_1.shipments AS shipments, shipment_rollup_1.packages AS packages, shipment_rollup_1.weights AS weights, shipment_rollup_1.weight_g AS weight_g, shipment_rollup_1.deadlines AS deadlines, shipment_rollup_1.on_time AS on_time, shipment_rollup_1.deliveries AS deliveries, shipment_rollup_1.first_attempts AS first_attempts, shipment_rollup_1.pickups AS pickups, shipment_rollup_1.problems AS problems, shipment_rollup_1.returns AS returns, shipment_rollup_1.transits AS transits, shipment_rollup_1.transit_seconds AS transit_seconds
  FROM shipment_rollup AS shipment_rollup_1
  WHERE shipment_rollup_1.account_id = $1::UUID AND shipment_rollup_1.dimensions = 'STATUS' AND shipment_rollup_1.time_field = '' AND shipment_rollup_1.shipments > 0), cells_2 AS (
  SELECT CASE WHEN (shipment_rollup_2.value_1 != '') THEN substr(shipment_rollup_2.value_1, 2) END AS k1, shipment_rollup_2.day AS day, shipment_rollup_2.shipments AS shipments, shipment_rollup_2.packages AS packages, shipment_rollup_2.weights AS weights, shipment_rollup_2.weight_g AS weight_g, shipment_rollup_2.deadlines AS deadlines, shipment_rollup_2.on_time AS on_time, shipment_rollup_2.deliveries AS deliveries, shipment_rollup_2.first_attempts AS first_attempts, shipment_rollup_2.pickups AS pickups, shipment_rollup_2.problems AS problems, shipment_rollup_2.returns AS returns, shipment_rollup_2.transits AS transits, shipment_rollup_2.transit_seconds AS transit_seconds
  FROM shipment_rollup AS shipment_rollup_2
  WHERE shipment_rollup_2.account_id = $1::UUID AND shipment_rollup_2.dimensions = 'STATUS' AND shipment_rollup_2.time_field = '' AND shipment_rollup_2.shipments > 0), transits_1 AS (
  SELECT cells.bucket AS bucket_number, sum(cells.shipments) AS shipments
  FROM (
    SELECT shipment_rollup_transit_1.day AS day, shipment_rollup_transit_1.shipments AS shipments, shipment_rollup_transit_1.bucket AS bucket
    FROM shipment_rollup_transit AS shipment_rollup_transit_1
    WHERE shipment_rollup_transit_1.account_id = $1::UUID AND shipment_rollup_transit_1.dimensions = 'STATUS' AND shipment_rollup_transit_1.time_field = '' AND shipment_rollup_transit_1.shipments > 0) AS cells GROUP BY cells.bucket), transits_2 AS (
  SELECT cells.k1 AS k1, cells.bucket AS bucket_number, sum(cells.shipments) AS shipments
  FROM (
    SELECT CASE WHEN (shipment_rollup_transit_2.value_1 != '') THEN substr(shipment_rollup_transit_2.value_1, 2) END AS k1, shipment_rollup_transit_2.day AS day, shipment_rollup_transit_2.shipments AS shipments, shipment_rollup_transit_2.bucket AS bucket
    FROM shipment_rollup_transit AS shipment_rollup_transit_2
    WHERE shipment_rollup_transit_2.account_id = $1::UUID AND shipment_rollup_transit_2.dimensions = 'STATUS' AND shipment_rollup_transit_2.time_field = '' AND shipment_rollup_transit_2.shipments > 0) AS cells GROUP BY cells.k1, cells.bucket), groups_1 AS (
  SELECT cells.k1 AS k1, sum(cells.shipments) AS a1, sum(cells.shipments) AS number_of_rows
  FROM cells_2 AS cells GROUP BY cells.k1), page_2 AS (
  SELECT g.k1, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 6), matching_1 AS MATERIALIZED (
  SELECT shipment_1.status AS k1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_2 AS (
  SELECT matching_1.k1 AS k1, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1), page_1 AS (
  SELECT g.k1, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_2 AS g
  ORDER BY at
  LIMIT 6)
SELECT convert_to(CASE WHEN (
  SELECT coalesce(sum(cells_1.shipments), 0) > 100000 AS anon_1
  FROM cells_1) THEN concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"dimension":"STATUS","value":', coalesce(CAST(json_scalar(CAST(page_2.k1 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', trim_scale(coalesce(page_2.a1, 0)), '}}'), ',' ORDER BY page_2.at) FILTER (WHERE page_2.at <= 5) AS anon_2
  FROM page_2), '],"hasMore":', CAST((
  SELECT count(*) > 5 AS anon_3
  FROM page_2) AS TEXT), '}') ELSE concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"dimension":"STATUS","value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), '}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 5) AS anon_4
  FROM page_1), '],"hasMore":', CAST((
  SELECT count(*) > 5 AS anon_5
  FROM page_1) AS TEXT), '}') END, 'UTF8') AS convert_to_1
