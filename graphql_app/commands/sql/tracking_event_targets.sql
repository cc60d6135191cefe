-- The shipment and package of each report. Carriers reuse tracking numbers: the newest active package matches, else the
-- newest one. `others` is the number of further active packages with the same tracking number.
SELECT g.row, t.shipment_id, t.package_id, t.package_seq, t.carrier, coalesce(t.others, 0) AS others
FROM json_to_recordset(@targets::json) AS g(
    row int, id uuid, number text, reference text, package uuid, tracking_number text, carrier text
)
CROSS JOIN LATERAL (
    SELECT s.id AS shipment_id, NULL::uuid AS package_id, 0 AS package_seq, s.carrier_id, 0 AS others
    FROM shipment s
    WHERE g.id IS NOT NULL AND s.account_id = @account::uuid AND s.id = g.id
    UNION ALL
    SELECT s.id, NULL, 0, s.carrier_id, 0
    FROM shipment s
    WHERE g.number IS NOT NULL AND s.account_id = @account::uuid AND s.number = g.number
    UNION ALL
    SELECT s.id, NULL, 0, s.carrier_id, 0
    FROM shipment s
    WHERE g.reference IS NOT NULL AND s.account_id = @account::uuid AND s.external_reference = g.reference
    UNION ALL
    SELECT p.shipment_id, p.id, p.seq, s.carrier_id, 0
    FROM package p
    JOIN shipment s ON s.id = p.shipment_id
    WHERE g.package IS NOT NULL AND p.account_id = @account::uuid AND p.id = g.package
    UNION ALL
    (
        SELECT
            p.shipment_id, p.id, p.seq, s.carrier_id,
            count(*) FILTER (WHERE p.status NOT IN ('DELIVERED', 'RETURNED', 'FAILED', 'CANCELLED')) OVER ()::int - 1
        FROM package p
        JOIN shipment s ON s.id = p.shipment_id
        LEFT JOIN carrier c ON c.id = s.carrier_id
        WHERE g.tracking_number IS NOT NULL AND p.account_id = @account::uuid
            AND p.tracking_number_norm = g.tracking_number AND (g.carrier IS NULL OR c.code = g.carrier)
        ORDER BY p.status IN ('DELIVERED', 'RETURNED', 'FAILED', 'CANCELLED'), p.id DESC
        LIMIT 1
    )
) AS f
LEFT JOIN carrier c ON c.id = f.carrier_id
CROSS JOIN LATERAL (SELECT f.shipment_id, f.package_id, f.package_seq, c.code AS carrier, f.others) AS t
