-- Releases external references that other shipments take in the same call, before these are saved.
UPDATE shipment SET external_reference = NULL WHERE id = ANY (@shipments::uuid[]) AND account_id = @account::uuid
