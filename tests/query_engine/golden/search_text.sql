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
        SELECT shipment_search_1.shipment_id
        FROM shipment_search AS shipment_search_1
        WHERE shipment_search_1.account_id = $1::UUID AND shipment_search_1.external_reference_key >= $4::VARCHAR AND shipment_search_1.external_reference_key < $5::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT shipment_reference_1.shipment_id
        FROM shipment_reference AS shipment_reference_1
        WHERE shipment_reference_1.account_id = $1::UUID AND shipment_reference_1.value_key >= $6::VARCHAR AND shipment_reference_1.value_key < $7::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT package_1.shipment_id
        FROM package AS package_1
        WHERE package_1.account_id = $1::UUID AND package_1.tracking_number_norm >= $8::VARCHAR AND package_1.tracking_number_norm < $9::VARCHAR
        LIMIT 10000)
      UNION ALL (
        SELECT shipment_search_2.shipment_id
        FROM shipment_search AS shipment_search_2
        WHERE shipment_search_2.account_id = $1::UUID AND (shipment_search_2.terms @@ CAST(replace($10::VARCHAR, chr(1), right(CAST($1::UUID AS TEXT), 4)) AS TSQUERY))
        LIMIT 10000))
      LIMIT 10001) AS anon_2) AS count_1), '}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"shipper":', coalesce((
    SELECT concat('{"company":', coalesce(CAST(json_scalar(party_1.company) AS TEXT), 'null'), '}') AS anon_3
    FROM party AS party_1
    WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.id IN ((
    SELECT shipment_4.id
    FROM shipment AS shipment_4
    WHERE shipment_4.account_id = $1::UUID AND shipment_4.number >= $11::VARCHAR AND shipment_4.number < $12::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT shipment_search_3.shipment_id
    FROM shipment_search AS shipment_search_3
    WHERE shipment_search_3.account_id = $1::UUID AND shipment_search_3.external_reference_key >= $13::VARCHAR AND shipment_search_3.external_reference_key < $14::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT shipment_reference_2.shipment_id
    FROM shipment_reference AS shipment_reference_2
    WHERE shipment_reference_2.account_id = $1::UUID AND shipment_reference_2.value_key >= $15::VARCHAR AND shipment_reference_2.value_key < $16::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT package_2.shipment_id
    FROM package AS package_2
    WHERE package_2.account_id = $1::UUID AND package_2.tracking_number_norm >= $17::VARCHAR AND package_2.tracking_number_norm < $18::VARCHAR
    LIMIT 10000)
  UNION ALL (
    SELECT shipment_search_4.shipment_id
    FROM shipment_search AS shipment_search_4
    WHERE shipment_search_4.account_id = $1::UUID AND (shipment_search_4.terms @@ CAST(replace($19::VARCHAR, chr(1), right(CAST($1::UUID AS TEXT), 4)) AS TSQUERY))
    LIMIT 10000))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1
