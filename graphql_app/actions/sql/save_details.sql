-- What became of the parts of locked shipments. Parties and references are replaced where they are given, items whole.
WITH gone_parties AS (
    DELETE FROM party p
    USING unnest(@gone_shipment::uuid[], @gone_role::text[]) AS g(shipment_id, role)
    WHERE p.shipment_id = g.shipment_id AND p.role = g.role::party_role AND p.account_id = @account::uuid
),
saved_parties AS (
    INSERT INTO party (
        account_id, shipment_id, role, name, company, lines, city, region, postal_code, country_code, phone, email
    )
    SELECT
        @account::uuid, g.shipment_id, g.role::party_role, g.name, g.company, g.lines::text[], g.city, g.region,
        g.postal_code, g.country_code, g.phone, g.email
    FROM unnest(
        @party_shipment::uuid[], @party_role::text[], @party_name::text[], @party_company::text[],
        @party_lines::text[], @party_city::text[], @party_region::text[], @party_postal_code::text[],
        @party_country_code::text[], @party_phone::text[], @party_email::text[]
    ) AS g(shipment_id, role, name, company, lines, city, region, postal_code, country_code, phone, email)
    ON CONFLICT (shipment_id, role) DO UPDATE
    SET name = excluded.name, company = excluded.company, lines = excluded.lines, city = excluded.city,
        region = excluded.region, postal_code = excluded.postal_code, country_code = excluded.country_code,
        phone = excluded.phone, email = excluded.email
),
given_references AS MATERIALIZED (
    SELECT g.*
    FROM unnest(
        @reference_shipment::uuid[], @reference_seq::int[], @reference_kind::text[], @reference_value::text[]
    ) AS g(shipment_id, seq, kind, value)
),
gone_references AS (
    DELETE FROM shipment_reference r
    WHERE r.shipment_id = ANY (@referenced::uuid[]) AND r.account_id = @account::uuid AND NOT EXISTS (
        SELECT FROM given_references g
        WHERE g.shipment_id = r.shipment_id AND g.kind = r.kind AND g.value = r.value
    )
),
saved_references AS (
    INSERT INTO shipment_reference (account_id, shipment_id, seq, kind, value)
    SELECT @account::uuid, g.shipment_id, g.seq, g.kind, g.value FROM given_references g
    ON CONFLICT (shipment_id, kind, value) DO UPDATE SET seq = excluded.seq
),
made AS (
    INSERT INTO package (
        id, account_id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit,
        length_mm, width_mm, height_mm, dims_unit, status, status_at, status_event_id, exception_reason
    )
    SELECT
        g.id, @account::uuid, g.shipment_id, g.seq, g.tracking_number, g.tracking_number_norm, g.weight_g,
        g.weight_entered, g.weight_unit::weight_unit, g.length_mm, g.width_mm, g.height_mm, g.dims_unit::length_unit,
        g.status::shipment_status, g.status_at, g.status_event_id, g.exception_reason::exception_reason
    FROM unnest(
        @package_shipment::uuid[], @package_id::uuid[], @package_seq::int[], @package_tracking_number::text[],
        @package_tracking_number_norm::text[], @package_weight_g::numeric[], @package_weight_entered::numeric[],
        @package_weight_unit::text[], @package_length_mm::numeric[], @package_width_mm::numeric[],
        @package_height_mm::numeric[], @package_dims_unit::text[], @package_status::text[],
        @package_status_at::timestamptz[], @package_status_event_id::uuid[],
        @package_exception_reason::text[]
    ) AS g(
        shipment_id, id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit, length_mm,
        width_mm, height_mm, dims_unit, status, status_at, status_event_id, exception_reason
    )
    RETURNING id, shipment_id, seq
),
given_items AS MATERIALIZED (
    SELECT g.*
    FROM unnest(
        @item_shipment::uuid[], @item_seq::int[], @item_package_seq::int[], @item_sku::text[], @item_title::text[],
        @item_quantity::numeric[], @item_unit::text[], @item_unit_value::numeric[], @item_currency::text[],
        @item_origin_country::text[], @item_batch::text[], @item_metadata::text[]
    ) AS g(
        shipment_id, seq, package_seq, sku, title, quantity, unit, unit_value, currency, origin_country, batch,
        metadata
    )
),
gone_items AS (
    DELETE FROM shipment_item i
    WHERE i.shipment_id = ANY (@itemised::uuid[]) AND i.account_id = @account::uuid AND NOT EXISTS (
        SELECT FROM given_items g WHERE g.shipment_id = i.shipment_id AND g.seq = i.seq
    )
)
INSERT INTO shipment_item (
    account_id, shipment_id, package_id, seq, sku, title, quantity, unit, unit_value, currency, origin_country, batch,
    metadata
)
SELECT
    @account::uuid, g.shipment_id, coalesce(m.id, p.id), g.seq, g.sku, g.title, g.quantity, g.unit, g.unit_value,
    g.currency, g.origin_country, g.batch, g.metadata::jsonb
FROM given_items g
LEFT JOIN made m ON m.shipment_id = g.shipment_id AND m.seq = g.package_seq
LEFT JOIN package p ON p.shipment_id = g.shipment_id AND p.seq = g.package_seq
ON CONFLICT (shipment_id, seq) DO UPDATE
SET package_id = excluded.package_id, sku = excluded.sku, title = excluded.title, quantity = excluded.quantity,
    unit = excluded.unit, unit_value = excluded.unit_value, currency = excluded.currency,
    origin_country = excluded.origin_country, batch = excluded.batch, metadata = excluded.metadata
