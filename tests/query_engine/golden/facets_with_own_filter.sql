SELECT convert_to(concat('{"facets":[', (
  SELECT concat('{"dimension":"PHASE","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_1.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_1.rows, '}'), ',' ORDER BY facet_1.at) FILTER (WHERE facet_1.at <= 2), '],"hasMore":', CAST(count(*) > 2 AS TEXT), '}') AS anon_1
  FROM (
    SELECT facet_counts_1.key AS key, facet_counts_1.rows AS rows, max(facet_counts_1.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_1.rows DESC, convert_to(CAST(CAST(facet_counts_1.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT facet_rows_1.key AS key, count(*) AS rows, max(facet_rows_1.number) AS last
      FROM (
        SELECT CASE WHEN (shipment_2.status IN ('DRAFT', 'READY')) THEN 'PLANNING' WHEN (shipment_2.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')) THEN 'CLOSED' ELSE 'ACTIVE' END AS key, row_number() OVER () AS number
        FROM shipment AS shipment_2
        WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND (shipment_2.tags && $2::TEXT[]) AND shipment_2.tags != '{}'
        LIMIT 100001) AS facet_rows_1 GROUP BY facet_rows_1.key) AS facet_counts_1
    ORDER BY at
    LIMIT 3) AS facet_1), ',', (
  SELECT concat('{"dimension":"TAG","values":[', string_agg(concat('{"value":', coalesce(CAST(json_scalar(CAST(facet_2.key AS TEXT)) AS TEXT), 'null'), ',"count":', facet_2.rows, '}'), ',' ORDER BY facet_2.at) FILTER (WHERE facet_2.at <= 2), '],"hasMore":', CAST(count(*) > 2 AS TEXT), '}') AS anon_2
  FROM (
    SELECT facet_counts_2.key AS key, facet_counts_2.rows AS rows, max(facet_counts_2.last) OVER () AS last, row_number() OVER (ORDER BY facet_counts_2.rows DESC, convert_to(CAST(CAST(facet_counts_2.key AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
    FROM (
      SELECT element_1.value AS key, count(*) AS rows, max(facet_rows_2.number) AS last
      FROM (
        SELECT shipment_3.tags AS key, row_number() OVER () AS number
        FROM shipment AS shipment_3
        WHERE shipment_3.account_id = $1::UUID AND shipment_3.archived_at IS NULL AND (shipment_3.tags && $3::TEXT[]) AND shipment_3.tags != '{}'
        LIMIT 100001) AS facet_rows_2 LEFT OUTER JOIN unnest(facet_rows_2.key) AS element_1(value) ON true GROUP BY element_1.value) AS facet_counts_2
    ORDER BY at
    LIMIT 3) AS facet_2), ']}'), 'UTF8') AS convert_to_1
