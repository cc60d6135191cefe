WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.carrier_id AS k1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1), page_1 AS (
  SELECT g.k1, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST((
    SELECT CAST(carrier_3.code AS TEXT) AS code
    FROM carrier AS carrier_3
    WHERE carrier_3.id = g.k1 AND carrier_3.account_id IS NOT DISTINCT FROM $1::UUID) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 51)
SELECT convert_to(concat('{"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar((
    SELECT CAST(carrier_1.code AS TEXT) AS code
    FROM carrier AS carrier_1
    WHERE carrier_1.id = page_1.k1 AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar((
    SELECT CAST(carrier_2.name AS TEXT) AS name
    FROM carrier AS carrier_2
    WHERE carrier_2.id = page_1.k1 AND carrier_2.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), '}}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_1
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
