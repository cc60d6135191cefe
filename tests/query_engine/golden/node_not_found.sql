BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '"}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.id = $2::UUID

SELECT convert_to(concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '"}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.id = $2::UUID

COMMIT;
