BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"status":"', shipment_1.status, '","statusExplanation":{"rule":', json_scalar(CASE WHEN (shipment_1.status_source = 'PROJECTION' AND shipment_1.status IN ('RETURNED', 'RETURNING')) THEN 'On the way back to the shipper since RETURN_STARTED: later scans keep RETURNING, and a delivery means RETURNED. REDIRECTED or an override ends the return.' WHEN (shipment_1.status_source = 'COMMAND') THEN 'Set by a command: creation, shipmentConfirm or shipmentCancel.' WHEN (shipment_1.status_source = 'OVERRIDE') THEN 'Set by shipmentOverrideStatus; later events go on from there.' WHEN (shipment_1.status_source = 'PROJECTION') THEN 'Decided by the latest tracking event that applies, rolled up over the packages.' END), ',"decidedBy":', coalesce((
  SELECT concat('{"code":"', tracking_event_1.code, '","occurredAt":', json_scalar(tracking_event_1.occurred_at), '}') AS anon_1
  FROM tracking_event AS tracking_event_1
  WHERE tracking_event_1.id = shipment_1.status_event_id AND tracking_event_1.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"notApplied":[', (
  SELECT string_agg(page_1.item, ',') AS string_agg_1
  FROM (
    SELECT concat('{"code":"', tracking_event_2.code, '","notAppliedReason":', coalesce(('"' || tracking_event_2.not_applied_reason) || '"', 'null'), '}') AS item
    FROM tracking_event AS tracking_event_2
    WHERE tracking_event_2.shipment_id = shipment_1.id AND tracking_event_2.not_applied_reason != 'NOT_STATUS_BEARING' AND tracking_event_2.account_id IS NOT DISTINCT FROM $1::UUID
    ORDER BY tracking_event_2.occurred_at, tracking_event_2.position, tracking_event_2.id
    LIMIT 50) AS page_1), ']},"allowedTransitions":', CASE WHEN (shipment_1.status = 'DRAFT' AND NOT (shipment_1.package_count > 0 AND (EXISTS (
  SELECT 1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'RECIPIENT' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID)))) THEN '["CANCELLED"]' ELSE CASE WHEN (shipment_1.status IN ('DRAFT')) THEN '["READY","CANCELLED"]' WHEN (shipment_1.status IN ('READY')) THEN '["CANCELLED"]' ELSE '[]' END END, ',"editableFields":', CASE WHEN (shipment_1.status IN ('DRAFT', 'READY')) THEN '["carrier","service","shipper","recipient","packages.weight","packages.dimensions","externalReference","promisedFrom","promisedTo","estimatedDeliveryAt","references","metadataSet","metadataUnset","tagsAdd","tagsRemove","packages.trackingNumber"]' WHEN (shipment_1.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')) THEN '[]' ELSE '["externalReference","promisedFrom","promisedTo","estimatedDeliveryAt","references","metadataSet","metadataUnset","tagsAdd","tagsRemove","packages.trackingNumber"]' END, '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR

SELECT convert_to(concat('{"status":"', shipment_1.status, '","allowedTransitions":', CASE WHEN (shipment_1.status = 'DRAFT' AND NOT (shipment_1.package_count > 0 AND (EXISTS (
  SELECT 1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'RECIPIENT' AND party_1.account_id IS NOT DISTINCT FROM $1::UUID)))) THEN '["CANCELLED"]' ELSE CASE WHEN (shipment_1.status IN ('DRAFT')) THEN '["READY","CANCELLED"]' WHEN (shipment_1.status IN ('READY')) THEN '["CANCELLED"]' ELSE '[]' END END, ',"editableFields":', CASE WHEN (shipment_1.status IN ('DRAFT', 'READY')) THEN '["carrier","service","shipper","recipient","packages.weight","packages.dimensions","externalReference","promisedFrom","promisedTo","estimatedDeliveryAt","references","metadataSet","metadataUnset","tagsAdd","tagsRemove","packages.trackingNumber"]' WHEN (shipment_1.status IN ('CANCELLED', 'DELIVERED', 'FAILED', 'RETURNED')) THEN '[]' ELSE '["externalReference","promisedFrom","promisedTo","estimatedDeliveryAt","references","metadataSet","metadataUnset","tagsAdd","tagsRemove","packages.trackingNumber"]' END, '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR

COMMIT;
