SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"totalWeight":', CASE WHEN (shipment_1.total_weight_g IS NOT NULL) THEN concat('{"value":"', trim_scale(CASE WHEN (round(shipment_1.total_weight_g / CAST(453.5923700000000000000000 AS NUMERIC), 20) * 453.59237 = shipment_1.total_weight_g) THEN round(shipment_1.total_weight_g / CAST(453.5923700000000000000000 AS NUMERIC), 20) ELSE round(shipment_1.total_weight_g / CAST(453.5923700000000000000000 AS NUMERIC), 6) END), '","unit":"LB"}') ELSE 'null' END, ',"events":', (
    SELECT concat('{"nodes":[', string_agg(page_2.node_1, ',' ORDER BY page_2.at DESC), ']}') AS anon_1
    FROM (
      SELECT row_number() OVER (ORDER BY tracking_event_1.occurred_at, tracking_event_1.position, tracking_event_1.id) AS at, concat('{"code":"', tracking_event_1.code, '"}') AS node_1
      FROM tracking_event AS tracking_event_1
      WHERE tracking_event_1.account_id IS NOT DISTINCT FROM $1::UUID AND tracking_event_1.shipment_id = shipment_1.id AND tracking_event_1.code IN ('DELIVERED', 'DEPARTED_FACILITY')
      ORDER BY tracking_event_1.occurred_at, tracking_event_1.position, tracking_event_1.id
      LIMIT 2) AS page_2), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  ORDER BY shipment_1.number, shipment_1.id
  LIMIT 2) AS page_1
