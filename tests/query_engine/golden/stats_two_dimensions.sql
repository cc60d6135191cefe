WITH cells_1 AS (
  SELECT shipment_rollup_1.day AS day, shipment_rollup_1.shipments AS shipments, shipment_rollup_1.packages AS packages, shipment_rollup_1.weights AS weights, shipment_rollup_1.weight_g AS weight_g, shipment_rollup_1.deadlines AS deadlines, shipment_rollup_1.on_time AS on_time, shipment_rollup_1.deliveries AS deliveries, shipment_rollup_1.first_attempts AS first_attempts, shipment_rollup_1.pickups AS pickups, shipment_rollup_1.problems AS problems, shipment_rollup_1.returns AS returns, shipment_rollup_1.transits AS transits, shipment_rollup_1.transit_seconds AS transit_seconds
  FROM shipment_rollup AS shipment_rollup_1
  WHERE shipment_rollup_1.account_id = $1::UUID AND shipment_rollup_1.dimensions = 'ORIGIN_COUNTRY,DESTINATION_COUNTRY' AND shipment_rollup_1.time_field = '' AND shipment_rollup_1.shipments > 0), cells_2 AS (
  SELECT CASE WHEN (shipment_rollup_2.value_1 != '') THEN substr(shipment_rollup_2.value_1, 2) END AS k1, CASE WHEN (shipment_rollup_2.value_2 != '') THEN substr(shipment_rollup_2.value_2, 2) END AS k2, shipment_rollup_2.day AS day, shipment_rollup_2.shipments AS shipments, shipment_rollup_2.packages AS packages, shipment_rollup_2.weights AS weights, shipment_rollup_2.weight_g AS weight_g, shipment_rollup_2.deadlines AS deadlines, shipment_rollup_2.on_time AS on_time, shipment_rollup_2.deliveries AS deliveries, shipment_rollup_2.first_attempts AS first_attempts, shipment_rollup_2.pickups AS pickups, shipment_rollup_2.problems AS problems, shipment_rollup_2.returns AS returns, shipment_rollup_2.transits AS transits, shipment_rollup_2.transit_seconds AS transit_seconds
  FROM shipment_rollup AS shipment_rollup_2
  WHERE shipment_rollup_2.account_id = $1::UUID AND shipment_rollup_2.dimensions = 'ORIGIN_COUNTRY,DESTINATION_COUNTRY' AND shipment_rollup_2.time_field = '' AND shipment_rollup_2.shipments > 0), transits_1 AS (
  SELECT cells.bucket AS bucket_number, sum(cells.shipments) AS shipments
  FROM (
    SELECT shipment_rollup_transit_1.day AS day, shipment_rollup_transit_1.shipments AS shipments, shipment_rollup_transit_1.bucket AS bucket
    FROM shipment_rollup_transit AS shipment_rollup_transit_1
    WHERE shipment_rollup_transit_1.account_id = $1::UUID AND shipment_rollup_transit_1.dimensions = 'ORIGIN_COUNTRY,DESTINATION_COUNTRY' AND shipment_rollup_transit_1.time_field = '' AND shipment_rollup_transit_1.shipments > 0) AS cells GROUP BY cells.bucket), transits_2 AS (
  SELECT cells.k1 AS k1, cells.k2 AS k2, cells.bucket AS bucket_number, sum(cells.shipments) AS shipments
  FROM (
    SELECT CASE WHEN (shipment_rollup_transit_2.value_1 != '') THEN substr(shipment_rollup_transit_2.value_1, 2) END AS k1, CASE WHEN (shipment_rollup_transit_2.value_2 != '') THEN substr(shipment_rollup_transit_2.value_2, 2) END AS k2, shipment_rollup_transit_2.day AS day, shipment_rollup_transit_2.shipments AS shipments, shipment_rollup_transit_2.bucket AS bucket
    FROM shipment_rollup_transit AS shipment_rollup_transit_2
    WHERE shipment_rollup_transit_2.account_id = $1::UUID AND shipment_rollup_transit_2.dimensions = 'ORIGIN_COUNTRY,DESTINATION_COUNTRY' AND shipment_rollup_transit_2.time_field = '' AND shipment_rollup_transit_2.shipments > 0) AS cells GROUP BY cells.k1, cells.k2, cells.bucket), groups_1 AS (
  SELECT cells.k1 AS k1, cells.k2 AS k2, sum(cells.shipments) AS a1, CAST(sum(cells.transit_seconds) AS DOUBLE PRECISION) / CAST(nullif(CAST(sum(cells.transits) AS DOUBLE PRECISION), 0) AS NUMERIC) AS a2, CAST(sum(cells.transit_seconds) AS DOUBLE PRECISION) / CAST(nullif(CAST(sum(cells.transits) AS DOUBLE PRECISION), 0) AS NUMERIC) AS a3, sum(cells.shipments) AS number_of_rows
  FROM cells_2 AS cells GROUP BY cells.k1, cells.k2), page_2 AS (
  SELECT g.k1, g.k2, g.a1, g.a2, g.a3, g.number_of_rows, row_number() OVER (ORDER BY g.a3 DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') DESC NULLS LAST, convert_to(CAST(CAST(g.k2 AS TEXT) AS TEXT), 'UTF8') DESC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 5), matching_1 AS MATERIALIZED (
  SELECT (
    SELECT party_1.country_code
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID) AS k1, (
    SELECT party_2.country_code
    FROM party AS party_2
    WHERE party_2.shipment_id = shipment_1.id AND party_2.role = 'RECIPIENT' AND party_2.account_id IS NOT DISTINCT FROM $1::UUID) AS k2, CAST(EXTRACT(epoch
  FROM shipment_1.delivered_at - shipment_1.picked_up_at) AS DOUBLE PRECISION) AS transit
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_2 AS (
  SELECT matching_1.k1 AS k1, matching_1.k2 AS k2, count(*) AS a1, avg(matching_1.transit) AS a2, percentile_cont(CAST($2::DOUBLE PRECISION[] AS DOUBLE PRECISION[])) WITHIN GROUP (ORDER BY matching_1.transit) AS a3, avg(matching_1.transit) AS a4, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1, matching_1.k2), page_1 AS (
  SELECT g.k1, g.k2, g.a1, g.a2, g.a3, g.a4, g.number_of_rows, row_number() OVER (ORDER BY g.a4 DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') DESC NULLS LAST, convert_to(CAST(CAST(g.k2 AS TEXT) AS TEXT), 'UTF8') DESC NULLS LAST) AS at
  FROM groups_2 AS g
  ORDER BY at
  LIMIT 5)
SELECT convert_to(CASE WHEN (
  SELECT coalesce(sum(cells_1.shipments), 0) > 100000 AS anon_1
  FROM cells_1) THEN concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_2.k1 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_2.k2 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', trim_scale(coalesce(page_2.a1, 0)), ',"transitTime":{"average":', coalesce(('"' || justify_hours(CAST(page_2.a2 AS DOUBLE PRECISION) * interval '1 second')) || '"', 'null'), ',"percentiles":[', (
    SELECT string_agg(concat('{"percentile":', CASE WHEN (CAST(percentile_2.fraction * 100 AS DOUBLE PRECISION) = trunc(CAST(percentile_2.fraction * 100 AS DOUBLE PRECISION)) AND abs(CAST(percentile_2.fraction * 100 AS DOUBLE PRECISION)) < 1e15) THEN CAST(CAST(percentile_2.fraction * 100 AS DOUBLE PRECISION) AS TEXT) || '.0' ELSE CAST(CAST(percentile_2.fraction * 100 AS DOUBLE PRECISION) AS TEXT) END, ',"value":"', justify_hours(CAST(power(1.04::float8, CAST(percentile_2.bucket_number AS DOUBLE PRECISION) - 0.5) * sign(CAST(percentile_2.bucket_number AS DOUBLE PRECISION)) AS DOUBLE PRECISION) * interval '1 second'), '"}'), ',' ORDER BY percentile_2.at) AS string_agg_1
    FROM (
      SELECT share_1.fraction AS fraction, share_1.at AS at, (
        SELECT min(rank_1.bucket_number) AS min_1
        FROM (
          SELECT transits_2.bucket_number AS bucket_number, sum(transits_2.shipments) OVER (ORDER BY transits_2.bucket_number) AS reached, sum(transits_2.shipments) OVER () AS all_rows
          FROM transits_2
          WHERE transits_2.k1 IS NOT DISTINCT FROM page_2.k1 AND transits_2.k2 IS NOT DISTINCT FROM page_2.k2) AS rank_1
        WHERE rank_1.reached >= share_1.fraction * rank_1.all_rows) AS bucket_number
      FROM unnest(CAST($3::DOUBLE PRECISION[] AS DOUBLE PRECISION[])) WITH ORDINALITY AS share_1(fraction, at)) AS percentile_2
    WHERE percentile_2.bucket_number IS NOT NULL), ']}}}'), ','
  ORDER BY page_2.at) FILTER (WHERE page_2.at <= 4) AS anon_2
  FROM page_2), ']}') ELSE concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_1.k2 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), ',"transitTime":{"average":', coalesce(('"' || justify_hours(page_1.a2 * interval '1 second')) || '"', 'null'), ',"percentiles":[', (
    SELECT string_agg(concat('{"percentile":', CASE WHEN (CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) = trunc(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION)) AND abs(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION)) < 1e15) THEN CAST(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) AS TEXT) || '.0' ELSE CAST(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) AS TEXT) END, ',"value":"', justify_hours(percentile_1.seconds * interval '1 second'), '"}'), ',' ORDER BY percentile_1.at) AS string_agg_2
    FROM unnest(CAST($2::DOUBLE PRECISION[] AS DOUBLE PRECISION[]), page_1.a3) WITH ORDINALITY AS percentile_1(fraction, seconds, at)
    WHERE percentile_1.seconds IS NOT NULL), ']}}}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 4) AS anon_3
  FROM page_1), ']}') END, 'UTF8') AS convert_to_1

SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new
