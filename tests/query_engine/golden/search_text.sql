SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), '],"totalCount":', (
  SELECT concat('{"count":', least(count_1.rows, 10000), '}') AS anon_1
  FROM (
    SELECT count(*) AS rows
    FROM (
      SELECT 1
      FROM shipment AS shipment_2
      WHERE shipment_2.account_id = $1::UUID AND shipment_2.archived_at IS NULL AND shipment_2.id IN ((
        SELECT shipment_3.id
        FROM shipment AS shipment_3
        WHERE shipment_3.account_id = $1::UUID AND shipment_3.number >= $2::VARCHAR AND shipment_3.number < $3::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT shipment_4.id
        FROM shipment AS shipment_4
        WHERE shipment_4.account_id = $1::UUID AND shipment_4.external_reference >= $4::VARCHAR AND shipment_4.external_reference < $5::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT shipment_reference_1.shipment_id
        FROM shipment_reference AS shipment_reference_1
        WHERE shipment_reference_1.account_id = $1::UUID AND shipment_reference_1.value >= $6::VARCHAR AND shipment_reference_1.value < $7::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT package_1.shipment_id
        FROM package AS package_1
        WHERE package_1.account_id = $1::UUID AND package_1.tracking_number_norm >= $8::VARCHAR AND package_1.tracking_number_norm < $9::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT party_2.shipment_id
        FROM party AS party_2
        WHERE party_2.account_id = $1::UUID AND (to_tsvector('simple', name || ' ' || (CASE WHEN company IS NULL THEN '' ELSE company END) || ' ' || (CASE WHEN city IS NULL THEN '' ELSE city END) || ' ' || (CASE WHEN region IS NULL THEN '' ELSE region END) || ' ' || (CASE WHEN postal_code IS NULL THEN '' ELSE postal_code END)) @@ CAST(nullif(CAST(plainto_tsquery('simple', $10::VARCHAR) AS TEXT), '') || ':*' AS TSQUERY))
        LIMIT 10000))
      LIMIT 10001) AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"shipper":', coalesce((
    SELECT concat('{"company":', coalesce(CAST(json_scalar(party_1.company) AS TEXT), 'null'), '}') AS anon_3
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.id IN ((
    SELECT shipment_5.id
    FROM shipment AS shipment_5
    WHERE shipment_5.account_id = $1::UUID AND shipment_5.number >= $11::VARCHAR AND shipment_5.number < $12::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT shipment_6.id
    FROM shipment AS shipment_6
    WHERE shipment_6.account_id = $1::UUID AND shipment_6.external_reference >= $13::VARCHAR AND shipment_6.external_reference < $14::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT shipment_reference_2.shipment_id
    FROM shipment_reference AS shipment_reference_2
    WHERE shipment_reference_2.account_id = $1::UUID AND shipment_reference_2.value >= $15::VARCHAR AND shipment_reference_2.value < $16::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT package_2.shipment_id
    FROM package AS package_2
    WHERE package_2.account_id = $1::UUID AND package_2.tracking_number_norm >= $17::VARCHAR AND package_2.tracking_number_norm < $18::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT party_3.shipment_id
    FROM party AS party_3
    WHERE party_3.account_id = $1::UUID AND (to_tsvector('simple', name || ' ' || (CASE WHEN company IS NULL THEN '' ELSE company END) || ' ' || (CASE WHEN city IS NULL THEN '' ELSE city END) || ' ' || (CASE WHEN region IS NULL THEN '' ELSE region END) || ' ' || (CASE WHEN postal_code IS NULL THEN '' ELSE postal_code END)) @@ CAST(nullif(CAST(plainto_tsquery('simple', $19::VARCHAR) AS TEXT), '') || ':*' AS TSQUERY))
    LIMIT 10000))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1
