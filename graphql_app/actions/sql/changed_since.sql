SELECT ARRAY(SELECT jsonb_object_keys(changed)) AS names
FROM change
WHERE shipment_id = @shipment::uuid AND shipment_seq > @version::int
