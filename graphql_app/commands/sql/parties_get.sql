-- The parties of some shipments.
SELECT shipment_id, role::text AS role, name, company, lines, city, region, postal_code, country_code, phone, email
FROM party
WHERE shipment_id = ANY (@shipments::uuid[]) AND account_id = @account::uuid
