SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), '],"facets":[', CASE WHEN (
  SELECT coalesce(sum(cells_1.shipments), 0) > 100000 AS anon_1
  FROM (
    SELECT CASE WHEN (shipment_rollup_1.value_1 != '') THEN substr(shipment_rollup_1.value_1, 2) END AS k1, shipment_rollup_1.day AS day, shipment_rollup_1.shipments AS shipments
    FROM shipment_rollup AS shipment_rollup_1
    WHERE shipment_rollup_1.account_id = $1::UUID AND shipment_rollup_1.dimensions = 'STATUS,DESTINATION_COUNTRY' AND shipment_rollup_1.time_field = '' AND shipment_rollup_1.value_2 = any(CAST($2::TEXT[] AS TEXT[])) AND shipment_rollup_1.shipments > 0) AS cells_1) THEN (
  SELECT concat('{"dimension":"STATUS","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_2.key AS TEXT)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar(CAST(facet_2.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_2.rows, '}'), ',' ORDER BY facet_2.at) FILTER (WHERE facet_2.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', 'ESTIMATED', '"}') AS anon_2
  FROM (
    SELECT facet_counts_2.key AS key, facet_counts_2.rows AS rows, row_number() OVER (ORDER BY facet_counts_2.rows DESC, convert_to(CAST(CAST(facet_counts_2.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT cells_2.k1 AS key, CAST(sum(cells_2.shipments) AS BIGINT) AS rows
      FROM (
        SELECT CASE WHEN (shipment_rollup_2.value_1 != '') THEN substr(shipment_rollup_2.value_1, 2) END AS k1, shipment_rollup_2.day AS day, shipment_rollup_2.shipments AS shipments
        FROM shipment_rollup AS shipment_rollup_2
        WHERE shipment_rollup_2.account_id = $1::UUID AND shipment_rollup_2.dimensions = 'STATUS,DESTINATION_COUNTRY' AND shipment_rollup_2.time_field = '' AND shipment_rollup_2.value_2 = any(CAST($3::TEXT[] AS TEXT[])) AND shipment_rollup_2.shipments > 0) AS cells_2 GROUP BY cells_2.k1) AS facet_counts_2
    ORDER BY at
    LIMIT 4) AS facet_2) ELSE (
  SELECT concat('{"dimension":"STATUS","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_1.key AS TEXT)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar(CAST(facet_1.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_1.rows, '}'), ',' ORDER BY facet_1.at) FILTER (WHERE facet_1.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', CASE WHEN (coalesce(max(facet_1.last), 0) <= 100000) THEN 'EXACT' ELSE 'AT_LEAST' END, '"}') AS anon_3
  FROM (
    SELECT facet_counts_1.key AS key, facet_counts_1.rows AS rows, max(facet_counts_1.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_1.rows DESC, convert_to(CAST(CAST(facet_counts_1.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT facet_rows_1.key AS key, count(*) AS rows, max(facet_rows_1.number) AS last
      FROM (
        SELECT shipment_2.status AS key, row_number() OVER () AS number
        FROM shipment AS shipment_2
        WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND (EXISTS (
          SELECT 1
          FROM party AS party_1
          WHERE party_1.shipment_id = shipment_2.id AND party_1.account_id = $1::UUID AND party_1.role = 'RECIPIENT' AND party_1.country_code = $4::VARCHAR))
        LIMIT 100001) AS facet_rows_1 GROUP BY facet_rows_1.key) AS facet_counts_1
    ORDER BY at
    LIMIT 4) AS facet_1) END, ',', (
  SELECT concat('{"dimension":"CARRIER","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar((
    SELECT CAST(carrier_2.code AS TEXT) AS code
    FROM carrier AS carrier_2
    WHERE carrier_2.id = facet_3.key AND carrier_2.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar((
    SELECT CAST(carrier_3.name AS TEXT) AS name
    FROM carrier AS carrier_3
    WHERE carrier_3.id = facet_3.key AND carrier_3.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), ',"count":', facet_3.rows, '}'), ','
  ORDER BY facet_3.at) FILTER (WHERE facet_3.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', CASE WHEN (coalesce(max(facet_3.last), 0) <= 100000) THEN 'EXACT' ELSE 'AT_LEAST' END, '"}') AS anon_4
  FROM (
    SELECT facet_counts_3.key AS key, facet_counts_3.rows AS rows, max(facet_counts_3.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_3.rows DESC, convert_to(CAST((
      SELECT CAST(carrier_1.code AS TEXT) AS code
      FROM carrier AS carrier_1
      WHERE carrier_1.id = facet_counts_3.key AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT facet_rows_2.key AS key, count(*) AS rows, max(facet_rows_2.number) AS last
      FROM (
        SELECT shipment_3.carrier_id AS key, row_number() OVER () AS number
        FROM shipment AS shipment_3
        WHERE shipment_3.account_id = $1::UUID AND shipment_3.archived_at IS NULL AND shipment_3.status IN ('DELIVERED', 'READY') AND (EXISTS (
          SELECT 1
          FROM party AS party_2
          WHERE party_2.shipment_id = shipment_3.id AND party_2.account_id = $1::UUID AND party_2.role = 'RECIPIENT' AND party_2.country_code = $5::VARCHAR))
        LIMIT 100001) AS facet_rows_2 GROUP BY facet_rows_2.key) AS facet_counts_3
    ORDER BY at
    LIMIT 4) AS facet_3), ',', CASE WHEN (
  SELECT coalesce(sum(cells_3.shipments), 0) > 100000 AS anon_5
  FROM (
    SELECT CASE WHEN (shipment_rollup_3.value_2 != '') THEN substr(shipment_rollup_3.value_2, 2) END AS k1, shipment_rollup_3.day AS day, shipment_rollup_3.shipments AS shipments
    FROM shipment_rollup AS shipment_rollup_3
    WHERE shipment_rollup_3.account_id = $1::UUID AND shipment_rollup_3.dimensions = 'STATUS,DESTINATION_COUNTRY' AND shipment_rollup_3.time_field = '' AND shipment_rollup_3.value_1 IN ('=DELIVERED', '=READY') AND shipment_rollup_3.shipments > 0) AS cells_3) THEN (
  SELECT concat('{"dimension":"DESTINATION_COUNTRY","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_5.key AS TEXT)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar(CAST(facet_5.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_5.rows, '}'), ',' ORDER BY facet_5.at) FILTER (WHERE facet_5.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', 'ESTIMATED', '"}') AS anon_6
  FROM (
    SELECT facet_counts_5.key AS key, facet_counts_5.rows AS rows, row_number() OVER (ORDER BY facet_counts_5.rows DESC, convert_to(CAST(CAST(facet_counts_5.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT cells_4.k1 AS key, CAST(sum(cells_4.shipments) AS BIGINT) AS rows
      FROM (
        SELECT CASE WHEN (shipment_rollup_4.value_2 != '') THEN substr(shipment_rollup_4.value_2, 2) END AS k1, shipment_rollup_4.day AS day, shipment_rollup_4.shipments AS shipments
        FROM shipment_rollup AS shipment_rollup_4
        WHERE shipment_rollup_4.account_id = $1::UUID AND shipment_rollup_4.dimensions = 'STATUS,DESTINATION_COUNTRY' AND shipment_rollup_4.time_field = '' AND shipment_rollup_4.value_1 IN ('=DELIVERED', '=READY') AND shipment_rollup_4.shipments > 0) AS cells_4 GROUP BY cells_4.k1) AS facet_counts_5
    ORDER BY at
    LIMIT 4) AS facet_5) ELSE (
  SELECT concat('{"dimension":"DESTINATION_COUNTRY","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_4.key AS TEXT)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar(CAST(facet_4.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_4.rows, '}'), ',' ORDER BY facet_4.at) FILTER (WHERE facet_4.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', CASE WHEN (coalesce(max(facet_4.last), 0) <= 100000) THEN 'EXACT' ELSE 'AT_LEAST' END, '"}') AS anon_7
  FROM (
    SELECT facet_counts_4.key AS key, facet_counts_4.rows AS rows, max(facet_counts_4.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_4.rows DESC, convert_to(CAST(CAST(facet_counts_4.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT facet_rows_3.key AS key, count(*) AS rows, max(facet_rows_3.number) AS last
      FROM (
        SELECT (
          SELECT party_3.country_code
          FROM party AS party_3
          WHERE party_3.shipment_id = shipment_4.id AND party_3.role = 'RECIPIENT' AND party_3.account_id IS NOT DISTINCT FROM $1::UUID) AS key, row_number() OVER () AS number
        FROM shipment AS shipment_4
        WHERE shipment_4.account_id = $1::UUID AND shipment_4.archived_at IS NULL AND shipment_4.status IN ('DELIVERED', 'READY')
        LIMIT 100001) AS facet_rows_3 GROUP BY facet_rows_3.key) AS facet_counts_4
    ORDER BY at
    LIMIT 4) AS facet_4) END, ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.status IN ('DELIVERED', 'READY') AND (EXISTS (
    SELECT 1
    FROM party AS party_4
    WHERE party_4.shipment_id = shipment_1.id AND party_4.account_id = $1::UUID AND party_4.role = 'RECIPIENT' AND party_4.country_code = $6::VARCHAR))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1
