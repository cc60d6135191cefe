SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), '],"facets":[', (
  SELECT concat('{"dimension":"STATUS","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_1.key AS TEXT)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar(CAST(facet_1.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_1.rows, '}'), ',' ORDER BY facet_1.at) FILTER (WHERE facet_1.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', CASE WHEN (coalesce(max(facet_1.last), 0) <= 100000) THEN 'EXACT' ELSE 'AT_LEAST' END, '"}') AS anon_1
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
          WHERE party_1.shipment_id = shipment_2.id AND party_1.account_id = $1::UUID AND party_1.role = 'RECIPIENT' AND party_1.country_code = $2::VARCHAR))
        LIMIT 100001) AS facet_rows_1 GROUP BY facet_rows_1.key) AS facet_counts_1
    ORDER BY at
    LIMIT 4) AS facet_1), ',', (
  SELECT concat('{"dimension":"CARRIER","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar((
    SELECT CAST(carrier_2.code AS TEXT) AS code
    FROM carrier AS carrier_2
    WHERE carrier_2.id = facet_2.key AND carrier_2.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar((
    SELECT CAST(carrier_3.name AS TEXT) AS name
    FROM carrier AS carrier_3
    WHERE carrier_3.id = facet_2.key AND carrier_3.account_id IS NOT DISTINCT FROM $1::UUID)) AS TEXT), 'null'), ',"count":', facet_2.rows, '}'), ','
  ORDER BY facet_2.at) FILTER (WHERE facet_2.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', CASE WHEN (coalesce(max(facet_2.last), 0) <= 100000) THEN 'EXACT' ELSE 'AT_LEAST' END, '"}') AS anon_2
  FROM (
    SELECT facet_counts_2.key AS key, facet_counts_2.rows AS rows, max(facet_counts_2.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_2.rows DESC, convert_to(CAST((
      SELECT CAST(carrier_1.code AS TEXT) AS code
      FROM carrier AS carrier_1
      WHERE carrier_1.id = facet_counts_2.key AND carrier_1.account_id IS NOT DISTINCT FROM $1::UUID) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT facet_rows_2.key AS key, count(*) AS rows, max(facet_rows_2.number) AS last
      FROM (
        SELECT shipment_3.carrier_id AS key, row_number() OVER () AS number
        FROM shipment AS shipment_3
        WHERE shipment_3.account_id = $1::UUID AND shipment_3.archived_at IS NULL AND shipment_3.status IN ('DELIVERED', 'READY') AND (EXISTS (
          SELECT 1
          FROM party AS party_2
          WHERE party_2.shipment_id = shipment_3.id AND party_2.account_id = $1::UUID AND party_2.role = 'RECIPIENT' AND party_2.country_code = $3::VARCHAR))
        LIMIT 100001) AS facet_rows_2 GROUP BY facet_rows_2.key) AS facet_counts_2
    ORDER BY at
    LIMIT 4) AS facet_2), ',', (
  SELECT concat('{"dimension":"DESTINATION_COUNTRY","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_3.key AS TEXT)) AS TEXT), 'null'), ',"label":', coalesce(CAST(json_scalar(CAST(facet_3.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_3.rows, '}'), ',' ORDER BY facet_3.at) FILTER (WHERE facet_3.at <= 3), '],"hasMore":', CAST(count(*) > 3 AS TEXT), ',"precision":"', CASE WHEN (coalesce(max(facet_3.last), 0) <= 100000) THEN 'EXACT' ELSE 'AT_LEAST' END, '"}') AS anon_3
  FROM (
    SELECT facet_counts_3.key AS key, facet_counts_3.rows AS rows, max(facet_counts_3.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_3.rows DESC, convert_to(CAST(CAST(facet_counts_3.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT facet_rows_3.key AS key, count(*) AS rows, max(facet_rows_3.number) AS last
      FROM (
        SELECT (
          SELECT party_3.country_code
          FROM party AS party_3
          WHERE party_3.shipment_id = shipment_4.id AND party_3.role = 'RECIPIENT' AND party_3.account_id IS NOT DISTINCT FROM $1::UUID) AS key, row_number() OVER () AS number
        FROM shipment AS shipment_4
        WHERE shipment_4.account_id = $1::UUID AND shipment_4.archived_at IS NULL AND shipment_4.status IN ('DELIVERED', 'READY')
        LIMIT 100001) AS facet_rows_3 GROUP BY facet_rows_3.key) AS facet_counts_3
    ORDER BY at
    LIMIT 4) AS facet_3), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.status IN ('DELIVERED', 'READY') AND (EXISTS (
    SELECT 1
    FROM party AS party_4
    WHERE party_4.shipment_id = shipment_1.id AND party_4.account_id = $1::UUID AND party_4.role = 'RECIPIENT' AND party_4.country_code = $4::VARCHAR))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1
