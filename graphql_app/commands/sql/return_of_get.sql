-- The `returnOf` of the shipment with this external reference, and the shipment that the key of the input names.
SELECT s.return_of_id, r.id AS named
FROM shipment s
LEFT JOIN shipment r ON r.account_id = @account::uuid AND (
    r.id = @return_id::uuid OR r.number = @return_number::text OR r.external_reference = @return_reference::text
)
WHERE s.account_id = @account::uuid AND s.external_reference = @reference::text
