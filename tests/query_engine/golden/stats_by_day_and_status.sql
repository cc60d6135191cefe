WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.status AS k1, date_trunc('day', timezone(CAST($1::VARCHAR AS TEXT), shipment_1.delivered_at)) AS bucket
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $2::UUID AND shipment_1.archived_at IS NULL AND shipment_1.status IN ('DELIVERED', 'RETURNED')
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, matching_1.bucket AS bucket, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1
  WHERE matching_1.bucket IS NOT NULL GROUP BY matching_1.k1, matching_1.bucket), filled_1 AS (
  SELECT c.k1 AS k1, buckets.bucket AS bucket, groups_1.a1 AS a1, coalesce(groups_1.number_of_rows, 0) AS number_of_rows
  FROM (
    SELECT DISTINCT series.value AS bucket
    FROM (
      SELECT generate_series(ends.first, least(ends.last, ends.first + interval '1 day' * 10000), interval '1 day') AS value
      FROM (
        SELECT min(groups_1.bucket) AS first, max(groups_1.bucket) AS last
        FROM groups_1) AS ends) AS series) AS buckets JOIN (
    SELECT DISTINCT groups_1.k1 AS k1
    FROM groups_1) AS c ON true LEFT OUTER JOIN groups_1 ON groups_1.bucket = buckets.bucket AND groups_1.k1 IS NOT DISTINCT FROM c.k1), page_1 AS (
  SELECT g.k1, g.bucket, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.bucket ASC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM filled_1 AS g
  ORDER BY at
  LIMIT 51)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '}],"bucket":{"localStart":', json_scalar(timezone(CAST($3::VARCHAR AS TEXT), CASE WHEN (timezone(CAST($4::VARCHAR AS TEXT), timezone(CAST($5::VARCHAR AS TEXT), page_1.bucket) - interval '1 hour') = page_1.bucket) THEN timezone(CAST($5::VARCHAR AS TEXT), page_1.bucket) - interval '1 hour' ELSE timezone(CAST($5::VARCHAR AS TEXT), page_1.bucket) END)), '},"measures":{"count":', coalesce(page_1.a1, 0), '}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
