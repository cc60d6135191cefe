-- The names of the fields that changed after the given version, for pairs of shipment and version.
SELECT
    g.at,
    ARRAY(
        SELECT DISTINCT k.name
        FROM change c, jsonb_object_keys(c.changed) AS k(name)
        WHERE c.shipment_id = g.shipment_id AND c.shipment_seq > g.version AND c.account_id = @account::uuid
    ) AS names
FROM unnest(@shipments::uuid[], @versions::int[]) WITH ORDINALITY AS g(shipment_id, version, at)
