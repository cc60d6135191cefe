BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (EXISTS (
    SELECT 1
    FROM package AS package_1
    WHERE package_1.shipment_id = shipment_1.id AND package_1.account_id = $1::UUID AND package_1.tracking_number_norm = $2::VARCHAR))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1

SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (EXISTS (
    SELECT 1
    FROM shipment_reference AS shipment_reference_1
    WHERE shipment_reference_1.shipment_id = shipment_1.id AND shipment_reference_1.account_id = $1::UUID AND shipment_reference_1.kind = $2::VARCHAR AND shipment_reference_1.value >= $3::VARCHAR AND shipment_reference_1.value < $4::VARCHAR))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 2) AS page_1

SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS node_1
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND (EXISTS (
    SELECT 1
    FROM tracking_event AS tracking_event_1
    WHERE tracking_event_1.shipment_id = shipment_1.id AND tracking_event_1.account_id = $1::UUID AND tracking_event_1.code IN ('DELIVERED') AND tracking_event_1.country_code = $2::VARCHAR AND tracking_event_1.applied AND tracking_event_1.voided_at IS NULL))
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 50) AS page_1

COMMIT;
