WITH matching_1 AS MATERIALIZED (
  SELECT shipment_item_1.sku AS k1, shipment_item_1.origin_country AS k2, shipment_item_1.shipment_id AS row_shipment_id, shipment_item_1.quantity AS row_quantity, CAST(shipment_item_1.quantity * shipment_item_1.unit_value AS NUMERIC) AS value, shipment_item_1.currency AS row_currency
  FROM shipment_item AS shipment_item_1
  WHERE shipment_item_1.account_id = $1::UUID AND shipment_item_1.shipment_id IN (
    SELECT shipment_1.id
    FROM shipment AS shipment_1
    WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.direction = 'OUTBOUND') AND shipment_item_1.sku IS NOT NULL
  LIMIT 100001), total_1 AS (
  SELECT count(*) AS a1, count(DISTINCT matching_1.row_shipment_id) AS a2, sum(matching_1.row_quantity) AS a3
  FROM matching_1), groups_1 AS (
  SELECT matching_1.k1 AS k1, matching_1.k2 AS k2, count(*) AS a1, count(*) AS number_of_rows
  FROM matching_1 GROUP BY matching_1.k1, matching_1.k2), page_1 AS (
  SELECT g.k1, g.k2, g.a1, g.number_of_rows, row_number() OVER (ORDER BY g.number_of_rows DESC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST, convert_to(CAST(CAST(g.k2 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 51), money_1 AS (
  SELECT matching_1.row_currency AS currency, count(*) AS number, sum(matching_1.value) AS total, round(avg(matching_1.value), 4) AS mean
  FROM matching_1
  WHERE matching_1.value IS NOT NULL GROUP BY matching_1.row_currency), money_2 AS (
  SELECT matching_1.k1 AS k1, matching_1.k2 AS k2, matching_1.row_currency AS currency, count(*) AS number, sum(matching_1.value) AS total, round(avg(matching_1.value), 4) AS mean
  FROM matching_1
  WHERE matching_1.value IS NOT NULL GROUP BY matching_1.k1, matching_1.k2, matching_1.row_currency)
SELECT convert_to(concat('{"total":', (
  SELECT concat('{"count":', coalesce(total_1.a1, 0), ',"shipments":', coalesce(total_1.a2, 0), ',"quantity":{"sum":"', trim_scale(coalesce(total_1.a3, 0)), '"},"value":[', (
    SELECT string_agg(concat('{"currency":"', money_1.currency, '","sum":"', trim_scale(money_1.total), '"}'), ',' ORDER BY money_1.currency) AS string_agg_1
    FROM money_1), ']}') AS anon_1
  FROM total_1), ',"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_1.k2 AS TEXT)) AS TEXT), 'null'), '}],"measures":{"count":', coalesce(page_1.a1, 0), ',"value":[', (
    SELECT string_agg(concat('{"sum":"', trim_scale(money_2.total), '"}'), ',' ORDER BY money_2.currency) AS string_agg_2
    FROM money_2
    WHERE money_2.k1 IS NOT DISTINCT FROM page_1.k1 AND money_2.k2 IS NOT DISTINCT FROM page_1.k2), ']}}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 50) AS anon_2
  FROM page_1), '],"precision":"', (
  SELECT CASE WHEN (count(*) > 100000) THEN 'AT_LEAST' ELSE 'EXACT' END AS anon_3
  FROM matching_1), '"}'), 'UTF8') AS convert_to_1
