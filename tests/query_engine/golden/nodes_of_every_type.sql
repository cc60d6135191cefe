SELECT convert_to(concat('[', string_agg(coalesce(CASE WHEN (given.kind = 'Carrier') THEN (
  SELECT concat('{"__typename":"Carrier","id":"car_', encode(uuid_send(carrier_1.id), 'hex'), '","code":', json_scalar(carrier_1.code), '}') AS anon_1
  FROM carrier AS carrier_1
  WHERE carrier_1.account_id = $1::UUID AND carrier_1.id = given.id) WHEN (given.kind = 'Shipment') THEN (
  SELECT concat('{"__typename":"Shipment","id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '","number":', json_scalar(shipment_1.number), '}') AS anon_2
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.id = given.id) WHEN (given.kind = 'Package') THEN (
  SELECT concat('{"__typename":"Package","id":"pkg_', encode(uuid_send(package_1.id), 'hex'), '","seq":', package_1.seq, ',"status":"', package_1.status, '"}') AS anon_3
  FROM package AS package_1
  WHERE package_1.account_id = $1::UUID AND package_1.id = given.id) WHEN (given.kind = 'ShipmentItem') THEN (
  SELECT concat('{"__typename":"ShipmentItem","id":"itm_', encode(uuid_send(shipment_item_1.id), 'hex'), '","title":', json_scalar(shipment_item_1.title), ',"quantity":"', trim_scale(shipment_item_1.quantity), '"}') AS anon_4
  FROM shipment_item AS shipment_item_1
  WHERE shipment_item_1.account_id = $1::UUID AND shipment_item_1.id = given.id) WHEN (given.kind = 'TrackingEvent') THEN (
  SELECT concat('{"__typename":"TrackingEvent","id":"evt_', encode(uuid_send(tracking_event_1.id), 'hex'), '","kind":"', tracking_event_1.code, '","occurredAt":', json_scalar(tracking_event_1.occurred_at), '}') AS anon_5
  FROM tracking_event AS tracking_event_1
  WHERE tracking_event_1.account_id = $1::UUID AND tracking_event_1.id = given.id) END, 'null'), ','
ORDER BY given.at), ']'), 'UTF8') AS convert_to_1
FROM unnest($2::UUID[], $3::TEXT[]) WITH ORDINALITY AS given(id, kind, at)

SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new
