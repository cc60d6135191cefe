SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), ',"lateness":"', CASE WHEN (shipment_1.late_from < now()) THEN 'LATE' WHEN (shipment_1.delivery_delay <= 0) THEN 'ON_TIME' WHEN (shipment_1.late_from < 'infinity'::timestamptz) THEN 'DUE' ELSE 'UNKNOWN' END, '"}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (CASE WHEN (shipment_1.delivery_delay IS NULL) THEN '9223372036854775807'::bigint ELSE shipment_1.delivery_delay END >= $2::BIGINT AND CASE WHEN (shipment_1.delivery_delay IS NULL) THEN '9223372036854775807'::bigint ELSE shipment_1.delivery_delay END > 0 AND CASE WHEN (shipment_1.delivery_delay IS NULL) THEN '9223372036854775807'::bigint ELSE shipment_1.delivery_delay END < '9223372036854775807'::bigint OR shipment_1.late_from <= now() - CAST($3::INTERVAL AS INTERVAL) AND shipment_1.late_from > '-infinity'::timestamptz AND shipment_1.late_from < now()) AND shipment_1.exception_reason IS NULL AND shipment_1.incoterm = any($4::TEXT[]) AND (EXISTS (
    SELECT 1
    FROM shipment_item AS shipment_item_1
    WHERE shipment_item_1.shipment_id = shipment_1.id AND shipment_item_1.account_id = $1::UUID AND shipment_item_1.sku = $5::VARCHAR)) AND (EXISTS (
    SELECT 1
    FROM tracking_event AS tracking_event_1
    WHERE tracking_event_1.shipment_id = shipment_1.id AND tracking_event_1.account_id = $1::UUID AND tracking_event_1.voided_at IS NULL AND tracking_event_1.carrier_status_key = $6::VARCHAR))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1
