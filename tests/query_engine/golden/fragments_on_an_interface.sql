BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '","__typename":"Shipment","number":', json_scalar(shipment_1.number), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR

SELECT convert_to(concat('{"id":"pkg_', encode(uuid_send(package_1.id), 'hex'), '","__typename":"Package","seq":', package_1.seq, '}'), 'UTF8') AS convert_to_1
FROM package AS package_1
WHERE package_1.account_id = $1::UUID AND package_1.id = $2::UUID

COMMIT;
