WITH matching_1 AS MATERIALIZED (
  SELECT CASE WHEN (shipment_1.status IN ('DRAFT', 'READY')) THEN 'PLANNING' WHEN (shipment_1.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')) THEN 'CLOSED' ELSE 'ACTIVE' END AS k1, shipment_1.service AS k2, shipment_1.direction AS k3
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, matching_1.k2 AS k2, matching_1.k3 AS k3, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1, matching_1.k2, matching_1.k3), page_1 AS (
  SELECT g.k1, g.k2, g.k3, g.a1, g.number_of_rows, row_number() OVER (ORDER BY convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST, convert_to(CAST(CAST(g.k2 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST, convert_to(CAST(CAST(g.k3 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 7)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_1.k2 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_1.k3 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), '}}'), ',' ORDER BY page_1.at) FILTER (WHERE page_1.at <= 6) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
