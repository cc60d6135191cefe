-- Shipments with all that belongs to them, in one statement. One row of `given` a shipment; the others name it by `row`.
-- A row whose carrier or returned shipment is unknown, or whose external reference is taken, is answered, not inserted;
-- of good rows with one external reference the first is. Numbers are given in the order of the rows; the inserts go by
-- external reference, so that two calls with the same ones never wait for each other.
WITH given AS MATERIALIZED (
    SELECT uuidv7() AS id, g.*
    FROM unnest(
        @row::int[], @external_reference::text[], @direction::text[], @confirmed::bool[], @carrier::text[],
        @service::text[], @return_id::uuid[], @return_number::text[], @return_reference::text[],
        @promised_from::timestamptz[], @promised_to::timestamptz[], @estimated_delivery_at::timestamptz[], @package_count::int[], @total_weight_g::numeric[],
        @declared_value::numeric[], @currency::text[], @incoterm::text[], @metadata::text[], @tags::text[],
        @changed::text[]
    ) AS g(
        row, external_reference, direction, confirmed, carrier,
        service, return_id, return_number, return_reference, promised_from, promised_to,
        estimated_delivery_at, package_count, total_weight_g,
        declared_value, currency, incoterm, metadata, tags,
        changed
    )
),
known AS MATERIALIZED (
    SELECT
        g.*, c.id AS carrier_id,
        g.carrier IS NOT NULL AND c.id IS NULL AS no_carrier,
        num_nonnulls(g.return_id, g.return_number, g.return_reference) > 0 AND r.id IS NULL AS no_return_of,
        r.id AS return_of, e.id AS existing
    FROM given g
    LEFT JOIN carrier c ON c.account_id = @account::uuid AND c.code = g.carrier
    LEFT JOIN shipment r ON r.account_id = @account::uuid AND r.id = coalesce(
        g.return_id, (SELECT id FROM shipment WHERE account_id = @account::uuid AND number = g.return_number),
        (SELECT id FROM shipment WHERE account_id = @account::uuid AND external_reference = g.return_reference)
    )
    LEFT JOIN shipment e ON e.account_id = @account::uuid AND e.external_reference = g.external_reference
),
fit AS MATERIALIZED (
    SELECT
        k.*,
        CASE WHEN k.external_reference IS NOT NULL THEN
            min(k.row) FILTER (WHERE NOT k.no_carrier AND NOT k.no_return_of AND k.existing IS NULL)
                OVER (PARTITION BY k.external_reference)
        END AS first_row
    FROM known k
),
good AS MATERIALIZED (
    SELECT g.*, nextval(@numbers::text::regclass)::text AS n
    FROM (
        SELECT f.*
        FROM fit f
        WHERE NOT @dry::bool AND NOT f.no_carrier AND NOT f.no_return_of AND f.existing IS NULL
            AND (f.first_row IS NULL OR f.first_row = f.row)
        ORDER BY f.row
    ) g
),
made AS (
    INSERT INTO shipment (
        id, account_id, number, external_reference, direction, status, confirmed_at, ready_at, carrier_id, service,
        return_of_id, promised_from, promised_to, estimated_delivery_at, estimate_given, estimate_given_at,
        package_count, total_weight_g, declared_value, currency, incoterm, metadata, tags, created_by
    )
    SELECT
        g.id, @account::uuid, 'SHP-' || lpad(g.n, greatest(7, length(g.n)), '0'), g.external_reference,
        g.direction::shipment_direction, CASE WHEN g.confirmed THEN 'READY' ELSE 'DRAFT' END::shipment_status,
        CASE WHEN g.confirmed THEN now() END, CASE WHEN g.confirmed THEN now() END, g.carrier_id, g.service,
        g.return_of, g.promised_from, g.promised_to, g.estimated_delivery_at, g.estimated_delivery_at,
        CASE WHEN g.estimated_delivery_at IS NOT NULL THEN now() END, g.package_count, g.total_weight_g,
        g.declared_value, g.currency, g.incoterm, g.metadata::jsonb, g.tags::text[], @actor::text
    FROM good g
    ORDER BY g.external_reference COLLATE "C", g.row
    ON CONFLICT (account_id, external_reference) WHERE external_reference IS NOT NULL DO NOTHING
    RETURNING id, number, status
),
parties AS (
    INSERT INTO party (
        account_id, shipment_id, role, name, company, lines, city, region, postal_code, country_code, phone, email
    )
    SELECT
        @account::uuid, m.id, p.role::party_role, p.name, p.company, p.lines::text[], p.city, p.region, p.postal_code,
        p.country_code, p.phone, p.email
    FROM unnest(
        @party_row::int[], @party_role::text[], @party_name::text[], @party_company::text[], @party_lines::text[],
        @party_city::text[], @party_region::text[], @party_postal_code::text[], @party_country_code::text[],
        @party_phone::text[], @party_email::text[]
    ) AS p(row, role, name, company, lines, city, region, postal_code, country_code, phone, email)
    JOIN known k USING (row)
    JOIN made m ON m.id = k.id
),
given_boxes AS MATERIALIZED (
    SELECT
        uuidv7() AS id, b.*,
        b.tracking_number_norm IS NOT NULL AND min(b.row) OVER (PARTITION BY b.tracking_number_norm) < b.row AS again
    FROM unnest(
        @package_row::int[], @package_seq::int[], @package_tracking_number::text[],
        @package_tracking_number_norm::text[], @package_weight_g::numeric[], @package_weight_entered::numeric[],
        @package_weight_unit::text[], @package_length_mm::numeric[], @package_width_mm::numeric[],
        @package_height_mm::numeric[], @package_dims_unit::text[]
    ) AS b(
        row, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit, length_mm, width_mm,
        height_mm, dims_unit
    )
),
boxes AS MATERIALIZED (
    SELECT b.*, m.id AS shipment_id, k.confirmed
    FROM given_boxes b
    JOIN known k USING (row)
    JOIN made m ON m.id = k.id
),
packages AS (
    INSERT INTO package (
        id, account_id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit,
        length_mm, width_mm, height_mm, dims_unit, status
    )
    SELECT
        id, @account::uuid, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered,
        weight_unit::weight_unit, length_mm, width_mm, height_mm, dims_unit::length_unit,
        CASE WHEN confirmed THEN 'READY' ELSE 'DRAFT' END::shipment_status
    FROM boxes
),
items AS (
    INSERT INTO shipment_item (
        account_id, shipment_id, package_id, seq, sku, title, quantity, unit, unit_value, currency, origin_country,
        batch, metadata
    )
    SELECT
        @account::uuid, m.id, b.id, i.seq, i.sku, i.title, i.quantity, i.unit, i.unit_value, i.currency,
        i.origin_country, i.batch, i.metadata::jsonb
    FROM unnest(
        @item_row::int[], @item_seq::int[], @item_package_seq::int[], @item_sku::text[], @item_title::text[],
        @item_quantity::numeric[], @item_unit::text[], @item_unit_value::numeric[], @item_currency::text[],
        @item_origin_country::text[], @item_batch::text[], @item_metadata::text[]
    ) AS i(
        row, seq, package_seq, sku, title, quantity, unit, unit_value, currency, origin_country, batch, metadata
    )
    JOIN known k USING (row)
    JOIN made m ON m.id = k.id
    LEFT JOIN boxes b ON b.row = i.row AND b.seq = i.package_seq
),
names AS (
    INSERT INTO shipment_reference (account_id, shipment_id, seq, kind, value)
    SELECT @account::uuid, m.id, n.seq, n.kind, n.value
    FROM unnest(@reference_row::int[], @reference_seq::int[], @reference_kind::text[], @reference_value::text[])
        AS n(row, seq, kind, value)
    JOIN known k USING (row)
    JOIN made m ON m.id = k.id
),
log AS (
    INSERT INTO change (
        account_id, entity, entity_id, shipment_id, shipment_seq, op, status_after, changed, actor, request_id
    )
    SELECT
        @account::uuid, 'shipment', m.id, m.id, 1, 'shipment.created', m.status,
        jsonb_build_object(
            'number', jsonb_build_array(NULL, m.number), 'status', jsonb_build_array(NULL, m.status)
        ) || k.changed::jsonb, @actor::text, @request_id::text
    FROM made m
    JOIN known k USING (id)
    ORDER BY k.row
),
in_use AS (
    SELECT b.row, array_agg(b.seq ORDER BY b.seq) AS busy
    FROM given_boxes b
    WHERE b.again OR b.tracking_number_norm IS NOT NULL AND (
        -- in the order of the index, so that it is used even where one number stands on half of all packages
        SELECT p.id FROM package p
        WHERE p.account_id = @account::uuid AND p.tracking_number_norm = b.tracking_number_norm
            AND p.status NOT IN ('DELIVERED', 'RETURNED', 'FAILED', 'CANCELLED')
        ORDER BY p.id DESC LIMIT 1
    ) IS NOT NULL
    GROUP BY b.row
)
SELECT
    f.row, m.id, f.no_carrier, f.no_return_of, f.existing, nullif(f.first_row, f.row) AS first_row, u.busy,
    g.id IS NOT NULL AND m.id IS NULL AS raced
FROM fit f
LEFT JOIN good g USING (row)
LEFT JOIN made m ON m.id = f.id
LEFT JOIN in_use u USING (row)
ORDER BY f.row
