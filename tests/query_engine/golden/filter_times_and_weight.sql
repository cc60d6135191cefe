SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"totalWeight":', CASE WHEN (shipment_1.total_weight_g IS NOT NULL) THEN concat('{"value":"', trim_scale(round(shipment_1.total_weight_g / CAST(1000.00000000000000000000 AS NUMERIC), 6)), '"}') ELSE 'null' END, '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.created_at >= $2::TIMESTAMP WITH TIME ZONE AND shipment_1.created_at < $3::TIMESTAMP WITH TIME ZONE AND CASE WHEN (shipment_1.promised_to IS NULL) THEN 'infinity'::timestamptz ELSE shipment_1.promised_to END > $4::TIMESTAMP WITH TIME ZONE AND CASE WHEN (shipment_1.promised_to IS NULL) THEN 'infinity'::timestamptz ELSE shipment_1.promised_to END < 'infinity'::timestamptz AND CASE WHEN (shipment_1.last_event_at IS NULL) THEN 'infinity'::timestamptz ELSE shipment_1.last_event_at END < 'infinity'::timestamptz AND shipment_1.total_weight_g >= $5::NUMERIC AND shipment_1.total_weight_g <= $6::NUMERIC
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1
