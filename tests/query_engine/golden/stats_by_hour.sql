WITH matching_1 AS MATERIALIZED (
  SELECT CASE WHEN (timezone(CAST($1::VARCHAR AS TEXT), shipment_1.status_at - (timezone(CAST($2::VARCHAR AS TEXT), shipment_1.status_at) - date_trunc('hour', timezone(CAST($3::VARCHAR AS TEXT), shipment_1.status_at)))) = date_trunc('hour', timezone(CAST($4::VARCHAR AS TEXT), shipment_1.status_at))) THEN shipment_1.status_at - (timezone(CAST($2::VARCHAR AS TEXT), shipment_1.status_at) - date_trunc('hour', timezone(CAST($3::VARCHAR AS TEXT), shipment_1.status_at))) ELSE (shipment_1.status_at - (timezone(CAST($2::VARCHAR AS TEXT), shipment_1.status_at) - date_trunc('hour', timezone(CAST($3::VARCHAR AS TEXT), shipment_1.status_at)))) + (interval '1 hour' - (timezone(CAST($1::VARCHAR AS TEXT), shipment_1.status_at - (timezone(CAST($2::VARCHAR AS TEXT), shipment_1.status_at) - date_trunc('hour', timezone(CAST($3::VARCHAR AS TEXT), shipment_1.status_at)))) - date_trunc('hour', timezone(CAST($1::VARCHAR AS TEXT), shipment_1.status_at - (timezone(CAST($2::VARCHAR AS TEXT), shipment_1.status_at) - date_trunc('hour', timezone(CAST($3::VARCHAR AS TEXT), shipment_1.status_at))))))) END AS bucket
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $5::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.bucket AS bucket, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1
  WHERE matching_1.bucket IS NOT NULL GROUP BY matching_1.bucket), page_1 AS (
  SELECT g.bucket, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.bucket ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 4)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"bucket":{"start":', json_scalar(page_1.bucket), ',"localStart":', json_scalar(timezone(CAST($6::VARCHAR AS TEXT), page_1.bucket)), '},"measures":{"count":', coalesce(page_1.a1, 0), '}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 3) AS anon_1
  FROM page_1), '],"hasMore":', CAST((
  SELECT count(*) > 3 AS anon_2
  FROM page_1) AS TEXT), '}'), 'UTF8') AS convert_to_1
