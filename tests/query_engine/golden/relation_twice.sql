SELECT convert_to(concat('{"buyers":[', (
  SELECT string_agg(concat('{"role":"', party_1.role, '","name":', json_scalar(party_1.name), '}'), ',' ORDER BY party_1.role) AS string_agg_1
  FROM party AS party_1
  WHERE party_1.shipment_id = shipment_1.id AND party_1.role IN ('BILL_TO', 'RECIPIENT') AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), '],"parties":[', (
  SELECT string_agg(concat('{"role":"', party_2.role, '"}'), ',' ORDER BY party_2.role) AS string_agg_2
  FROM party AS party_2
  WHERE party_2.shipment_id = shipment_1.id AND party_2.account_id IS NOT DISTINCT FROM $1::UUID), '],"nobody":[', (
  SELECT string_agg(concat('{"role":"', party_3.role, '"}'), ',' ORDER BY party_3.role) AS string_agg_3
  FROM party AS party_3
  WHERE party_3.shipment_id = shipment_1.id AND false AND party_3.account_id IS NOT DISTINCT FROM $1::UUID), '],"first":', (
  SELECT concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}') AS anon_1
  FROM (
    SELECT concat('{"code":"', tracking_event_1.code, '"}') AS node_1
    FROM tracking_event AS tracking_event_1
    WHERE tracking_event_1.account_id IS NOT DISTINCT FROM $1::UUID AND tracking_event_1.shipment_id = shipment_1.id AND tracking_event_1.voided_at IS NULL
    ORDER BY tracking_event_1.occurred_at, tracking_event_1.position, tracking_event_1.id
    LIMIT 1) AS page_1), ',"last":', (
  SELECT concat('{"nodes":[', string_agg(page_2.node_1, ',' ORDER BY page_2.at DESC), ']}') AS anon_2
  FROM (
    SELECT row_number() OVER (ORDER BY tracking_event_2.occurred_at DESC, tracking_event_2.position DESC, tracking_event_2.id DESC) AS at, concat('{"code":"', tracking_event_2.code, '","voidedAt":', coalesce(CAST(json_scalar(tracking_event_2.voided_at) AS TEXT), 'null'), '}') AS node_1
    FROM tracking_event AS tracking_event_2
    WHERE tracking_event_2.account_id IS NOT DISTINCT FROM $1::UUID AND tracking_event_2.shipment_id = shipment_1.id
    ORDER BY tracking_event_2.occurred_at DESC, tracking_event_2.position DESC, tracking_event_2.id DESC
    LIMIT 1) AS page_2), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR
