BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT convert_to(concat('{"edges":[', string_agg('{"__typename":"ShipmentEdge"}', ','), ']}'), 'UTF8') AS convert_to_1
FROM (
  SELECT 1 AS one
  FROM shipment AS shipment_1
  WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL
  ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
  LIMIT 3) AS page_1

SELECT convert_to(concat('{"edges":[', string_agg('{"__typename":"CarrierEdge"}', ',') FILTER (WHERE page_1.at <= 50), '],"pageInfo":{"hasPreviousPage":', CAST(false AS TEXT), '}}'), 'UTF8') AS convert_to_1
FROM (
  SELECT row_number() OVER (ORDER BY carrier_1.code, carrier_1.id) AS at
  FROM carrier AS carrier_1
  WHERE carrier_1.account_id = $1::UUID
  ORDER BY carrier_1.code, carrier_1.id
  LIMIT 51) AS page_1

COMMIT;
