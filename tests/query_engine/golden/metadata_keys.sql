SELECT convert_to(concat('{"metadata":', shipment_1.metadata, ',"some":', coalesce(CAST((
  SELECT jsonb_object_agg(pair_1.key, pair_1.value) AS jsonb_object_agg_1
  FROM jsonb_each(shipment_1.metadata) AS pair_1
  WHERE pair_1.key = any($1::TEXT[])) AS TEXT), '{}'), ',"none":', coalesce(CAST((
  SELECT jsonb_object_agg(pair_2.key, pair_2.value) AS jsonb_object_agg_2
  FROM jsonb_each(shipment_1.metadata) AS pair_2
  WHERE pair_2.key = any($2::TEXT[])) AS TEXT), '{}'), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $3::UUID AND shipment_1.number = $4::VARCHAR
