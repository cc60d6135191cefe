-- External references that others take in the same call are given up first.
UPDATE shipment SET external_reference = NULL WHERE id = ANY (@shipments::uuid[]) AND account_id = @account::uuid
