WITH matching_1 AS MATERIALIZED (
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
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, matching_1.k2 AS k2, count(*) AS a1, avg(matching_1.transit) AS a2, percentile_cont(CAST($2::DOUBLE PRECISION[] AS DOUBLE PRECISION[])) WITHIN GROUP (ORDER BY matching_1.transit) AS a3, avg(matching_1.transit) AS a4, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1, matching_1.k2), page_1 AS (
  SELECT g.k1, g.k2, g.a1, g.a2, g.a3, g.a4, g.number_of_rows, row_number() OVER (ORDER BY g.a4 DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') DESC NULLS LAST, convert_to(CAST(CAST(g.k2 AS TEXT) AS TEXT), 'UTF8') DESC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 5)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_1.k2 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), ',"transitTime":{"average":', coalesce(('"' || justify_hours(page_1.a2 * interval '1 second')) || '"', 'null'), ',"percentiles":[', (
    SELECT string_agg(concat('{"percentile":', CASE WHEN (CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) = trunc(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION)) AND abs(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION)) < 1e15) THEN CAST(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) AS TEXT) || '.0' ELSE CAST(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) AS TEXT) END, ',"value":"', justify_hours(percentile_1.seconds * interval '1 second'), '"}'), ',' ORDER BY percentile_1.at) AS string_agg_1
    FROM unnest(CAST($2::DOUBLE PRECISION[] AS DOUBLE PRECISION[]), page_1.a3) WITH ORDINALITY AS percentile_1(fraction, seconds, at)
    WHERE percentile_1.seconds IS NOT NULL), ']}}}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 4) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1

SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new
