WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.tags AS k1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), total_1 AS (
  SELECT count(*) AS a1
  FROM matching_1), groups_1 AS (
  SELECT element_1.value AS k1, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1 LEFT OUTER JOIN unnest(matching_1.k1) AS element_1(value) ON true GROUP BY element_1.value), page_1 AS (
  SELECT g.k1, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 51)
SELECT convert_to(concat('{"total":', (
  SELECT concat('{"count":', coalesce(total_1.a1, 0), '}') AS anon_1
  FROM total_1), ',"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), '}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_2
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
