WITH matching_1 AS MATERIALIZED (
  SELECT shipment_1.direction AS k1, shipment_1.declared_value AS row_declared_value, shipment_1.currency AS row_currency
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  LIMIT 100001), groups_1 AS (
  SELECT matching_1.k1 AS k1, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1), page_1 AS (
  SELECT g.k1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 51), money_1 AS (
  SELECT matching_1.row_currency AS currency, count(*) AS number, sum(matching_1.row_declared_value) AS total, round(avg(matching_1.row_declared_value), 4) AS mean
  FROM matching_1
  WHERE matching_1.row_declared_value IS NOT NULL GROUP BY matching_1.row_currency), money_2 AS (
  SELECT matching_1.k1 AS k1, matching_1.row_currency AS currency, count(*) AS number, sum(matching_1.row_declared_value) AS total, round(avg(matching_1.row_declared_value), 4) AS mean
  FROM matching_1
  WHERE matching_1.row_declared_value IS NOT NULL GROUP BY matching_1.k1, matching_1.row_currency)
SELECT convert_to(concat('{"total":', (
  SELECT concat('{"declaredValue":[', (
    SELECT string_agg(concat('{"currency":"', money_1.currency, '","count":', money_1.number, ',"sum":"', trim_scale(money_1.total), '","average":"', trim_scale(money_1.mean), '"}'), ',' ORDER BY money_1.currency) AS string_agg_1
    FROM money_1), ']}') AS anon_1), ',"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"declaredValue":[', (
    SELECT string_agg(concat('{"currency":"', money_2.currency, '","sum":"', trim_scale(money_2.total), '"}'), ',' ORDER BY money_2.currency) AS string_agg_2
    FROM money_2
    WHERE money_2.k1 IS NOT DISTINCT FROM page_1.k1), ']}}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_2
  FROM page_1), ']}'), 'UTF8') AS convert_to_1
