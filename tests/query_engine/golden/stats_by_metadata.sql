WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.metadata ->> CAST($1::VARCHAR AS TEXT) AS k1, shipment_1.metadata ->> CAST($2::VARCHAR AS TEXT) AS c2
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $3::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, count(*) AS a1, count(CASE WHEN (matching_1.c2 ~ '^-?[0-9]{1,30}([.][0-9]{1,20})?$') THEN CAST(matching_1.c2 AS NUMERIC) END) AS a2, sum(CASE WHEN (matching_1.c2 ~ '^-?[0-9]{1,30}([.][0-9]{1,20})?$') THEN CAST(matching_1.c2 AS NUMERIC) END) AS a3, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1), page_1 AS (
  SELECT g.k1, g.a1, g.a2, g.a3, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 51)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), ',"metadataNumber":{"count":', coalesce(page_1.a2, 0), ',"sum":"', trim_scale(coalesce(page_1.a3, 0)), '"}}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
