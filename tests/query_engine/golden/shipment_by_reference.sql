SELECT convert_to(concat('{"id":"shp_', encode(uuid_send(shipment_1.id), 'hex'), '","externalReference":', coalesce(CAST(json_scalar(shipment_1.external_reference) AS TEXT), 'null'), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.external_reference = $2::VARCHAR
