WITH matching_1 AS MATERIALIZED (
  SELECT date_trunc('month', timezone(CAST($1::VARCHAR AS TEXT), shipment_1.delivered_at)) AS bucket, shipment_1.delivery_delay AS row_delivery_delay
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $2::UUID AND shipment_1.archived_at IS NULL AND shipment_1.direction = 'INBOUND'
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.bucket AS bucket, count(*) AS a1, count(*) FILTER (WHERE matching_1.row_delivery_delay IS NOT NULL AND matching_1.row_delivery_delay <= 0) AS a2, count(*) FILTER (WHERE matching_1.row_delivery_delay IS NOT NULL) AS a3, count(*) AS number_of_rows
  FROM matching_1
  WHERE matching_1.bucket IS NOT NULL GROUP BY matching_1.bucket), filled_1 AS (
  SELECT buckets.bucket AS bucket, groups_1.a1 AS a1, groups_1.a2 AS a2, groups_1.a3 AS a3, coalesce(groups_1.number_of_rows, 0) AS number_of_rows
  FROM (
    SELECT DISTINCT series.value AS bucket
    FROM (
      SELECT generate_series(ends.first, least(ends.last, ends.first + interval '1 month' * 10000), interval '1 month') AS value
      FROM (
        SELECT min(groups_1.bucket) AS first, max(groups_1.bucket) AS last
        FROM groups_1) AS ends) AS series) AS buckets LEFT OUTER JOIN groups_1 ON groups_1.bucket = buckets.bucket), page_1 AS (
  SELECT g.bucket, g.a1, g.a2, g.a3, g.number_of_rows, row_number() OVER (ORDER BY g.bucket ASC NULLS LAST) AS at
  FROM filled_1 AS g
  ORDER BY at
  LIMIT 51)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"bucket":{"start":', json_scalar(CASE WHEN (timezone(CAST($3::VARCHAR AS TEXT), timezone(CAST($4::VARCHAR AS TEXT), page_1.bucket) - interval '1 hour') = page_1.bucket) THEN timezone(CAST($4::VARCHAR AS TEXT), page_1.bucket) - interval '1 hour' ELSE timezone(CAST($4::VARCHAR AS TEXT), page_1.bucket) END), ',"end":', json_scalar(CASE WHEN (timezone(CAST($5::VARCHAR AS TEXT), timezone(CAST($6::VARCHAR AS TEXT), page_1.bucket + interval '1 month') - interval '1 hour') = page_1.bucket + interval '1 month') THEN timezone(CAST($6::VARCHAR AS TEXT), page_1.bucket + interval '1 month') - interval '1 hour' ELSE timezone(CAST($6::VARCHAR AS TEXT), page_1.bucket + interval '1 month') END), ',"localStart":', json_scalar(timezone(CAST($7::VARCHAR AS TEXT), CASE WHEN (timezone(CAST($8::VARCHAR AS TEXT), timezone(CAST($9::VARCHAR AS TEXT), page_1.bucket) - interval '1 hour') = page_1.bucket) THEN timezone(CAST($9::VARCHAR AS TEXT), page_1.bucket) - interval '1 hour' ELSE timezone(CAST($9::VARCHAR AS TEXT), page_1.bucket) END)), '},"measures":{"count":', coalesce(page_1.a1, 0), ',"onTime":{"kept":', coalesce(page_1.a2, 0), ',"of":', coalesce(page_1.a3, 0), ',"rate":', coalesce(CAST(CASE WHEN (CAST(CAST(coalesce(page_1.a2, 0) AS DOUBLE PRECISION) / CAST(nullif(coalesce(page_1.a3, 0), 0) AS NUMERIC) AS DOUBLE PRECISION) = trunc(CAST(CAST(coalesce(page_1.a2, 0) AS DOUBLE PRECISION) / CAST(nullif(coalesce(page_1.a3, 0), 0) AS NUMERIC) AS DOUBLE PRECISION)) AND abs(CAST(CAST(coalesce(page_1.a2, 0) AS DOUBLE PRECISION) / CAST(nullif(coalesce(page_1.a3, 0), 0) AS NUMERIC) AS DOUBLE PRECISION)) < 1e15) THEN CAST(CAST(CAST(coalesce(page_1.a2, 0) AS DOUBLE PRECISION) / CAST(nullif(coalesce(page_1.a3, 0), 0) AS NUMERIC) AS DOUBLE PRECISION) AS TEXT) || '.0' ELSE CAST(CAST(CAST(coalesce(page_1.a2, 0) AS DOUBLE PRECISION) / CAST(nullif(coalesce(page_1.a3, 0), 0) AS NUMERIC) AS DOUBLE PRECISION) AS TEXT) END AS TEXT), 'null'), '}}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
