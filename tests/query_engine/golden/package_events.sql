SELECT convert_to(concat('{"events":', (
  SELECT concat('{"nodes":[', string_agg(page_1.node_1, ',' ORDER BY page_1.at DESC), ']}') AS anon_1
  FROM (
    SELECT row_number() OVER (ORDER BY tracking_event_1.occurred_at DESC, tracking_event_1.position DESC, tracking_event_1.id DESC) AS at, concat('{"code":"', tracking_event_1.code, '","package":', coalesce((
      SELECT concat('{"seq":', package_2.seq, '}') AS anon_2
      FROM package AS package_2
      WHERE package_2.id = tracking_event_1.package_id AND package_2.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}') AS node_1
    FROM tracking_event AS tracking_event_1
    WHERE tracking_event_1.account_id IS NOT DISTINCT FROM $1::UUID AND tracking_event_1.shipment_id = package_1.shipment_id AND (tracking_event_1.package_id IS NULL OR tracking_event_1.package_id = package_1.id) AND tracking_event_1.voided_at IS NULL
    ORDER BY tracking_event_1.occurred_at DESC, tracking_event_1.position DESC, tracking_event_1.id DESC
    LIMIT 2) AS page_1), ',"items":[', (
  SELECT string_agg(concat('{"title":', json_scalar(shipment_item_1.title), '}'), ',' ORDER BY shipment_item_1.seq) AS string_agg_1
  FROM shipment_item AS shipment_item_1
  WHERE shipment_item_1.package_id = package_1.id AND shipment_item_1.account_id IS NOT DISTINCT FROM $1::UUID), '],"shipment":', coalesce((
  SELECT concat('{"number":', json_scalar(shipment_1.number), '}') AS anon_3
  FROM shipment AS shipment_1
  WHERE shipment_1.id = package_1.shipment_id AND shipment_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}'), 'UTF8') AS convert_to_1
FROM package AS package_1
WHERE package_1.account_id = $1::UUID AND package_1.id = $2::UUID
