-- Saves the related rows of locked shipments: changed parties one by one, references and items as complete lists, new
-- packages, and the search terms.
WITH deleted_parties AS (
    DELETE FROM party p
    USING json_to_recordset(@deleted_parties::json) AS g(shipment_id uuid, role party_role)
    WHERE p.shipment_id = g.shipment_id AND p.role = g.role AND p.account_id = @account::uuid
),
saved_parties AS (
    INSERT INTO party (
        account_id, shipment_id, role, name, company, lines, city, city_key, region, postal_code, country_code, phone,
        email
    )
    SELECT
        @account::uuid, g.shipment_id, g.role, g.name, g.company, g.lines, g.city, g.city_key, g.region, g.postal_code,
        g.country_code, g.phone, g.email
    FROM json_to_recordset(@parties::json) AS g(
        shipment_id uuid, role party_role, name text, company text, lines text[], city text, city_key text,
        region text, postal_code text, country_code text, phone text, email text
    )
    ON CONFLICT (shipment_id, role) DO UPDATE
    SET name = excluded.name, company = excluded.company, lines = excluded.lines, city = excluded.city,
        city_key = excluded.city_key, region = excluded.region, postal_code = excluded.postal_code, country_code = excluded.country_code,
        phone = excluded.phone, email = excluded.email
),
new_references AS MATERIALIZED (
    SELECT g.*
    FROM json_to_recordset(@references::json) AS g(shipment_id uuid, seq int, kind text, value text, value_key text)
),
deleted_references AS (
    DELETE FROM shipment_reference r
    WHERE r.shipment_id = ANY (@referenced::uuid[]) AND r.account_id = @account::uuid AND NOT EXISTS (
        SELECT FROM new_references g
        WHERE g.shipment_id = r.shipment_id AND g.kind = r.kind AND g.value = r.value
    )
),
saved_references AS (
    INSERT INTO shipment_reference (account_id, shipment_id, seq, kind, value, value_key)
    SELECT @account::uuid, g.shipment_id, g.seq, g.kind, g.value, g.value_key FROM new_references g
    ON CONFLICT (shipment_id, kind, value) DO UPDATE SET seq = excluded.seq
),
search AS (
    INSERT INTO shipment_search (shipment_id, account_id, external_reference_key, terms)
    SELECT t.shipment_id, @account::uuid, t.external_reference_key, array_to_tsvector(t.terms)
    FROM json_to_recordset(@search::json) AS t(shipment_id uuid, external_reference_key text, terms text[])
    ON CONFLICT (shipment_id) DO UPDATE
    SET external_reference_key = excluded.external_reference_key, terms = excluded.terms
),
inserted AS (
    INSERT INTO package (
        id, account_id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit,
        length_mm, width_mm, height_mm, dims_unit, status, status_at, status_event_id, exception_reason
    )
    SELECT
        g.id, @account::uuid, g.shipment_id, g.seq, g.tracking_number, g.tracking_number_norm, g.weight_g,
        g.weight_entered, g.weight_unit, g.length_mm, g.width_mm, g.height_mm, g.dims_unit,
        g.status, g.status_at, g.status_event_id, g.exception_reason
    FROM json_to_recordset(@packages::json) AS g(
        shipment_id uuid, id uuid, seq int, tracking_number text, tracking_number_norm text, weight_g numeric,
        weight_entered numeric, weight_unit weight_unit, length_mm numeric, width_mm numeric, height_mm numeric,
        dims_unit length_unit, status shipment_status, status_at timestamptz, status_event_id uuid,
        exception_reason exception_reason
    )
    RETURNING id, shipment_id, seq
),
new_items AS MATERIALIZED (
    SELECT g.*
    FROM json_to_recordset(@items::json) AS g(
        shipment_id uuid, seq int, package_seq int, sku text, title text, quantity numeric, unit text,
        unit_value numeric, currency text, origin_country text, batch text, metadata text
    )
),
deleted_items AS (
    DELETE FROM shipment_item i
    WHERE i.shipment_id = ANY (@itemised::uuid[]) AND i.account_id = @account::uuid AND NOT EXISTS (
        SELECT FROM new_items g WHERE g.shipment_id = i.shipment_id AND g.seq = i.seq
    )
)
INSERT INTO shipment_item (
    account_id, shipment_id, package_id, seq, sku, title, quantity, unit, unit_value, currency, origin_country, batch,
    metadata
)
SELECT
    @account::uuid, g.shipment_id, coalesce(m.id, p.id), g.seq, g.sku, g.title, g.quantity, g.unit, g.unit_value,
    g.currency, g.origin_country, g.batch, g.metadata::jsonb
FROM new_items g
LEFT JOIN inserted m ON m.shipment_id = g.shipment_id AND m.seq = g.package_seq
LEFT JOIN package p ON p.shipment_id = g.shipment_id AND p.seq = g.package_seq
ON CONFLICT (shipment_id, seq) DO UPDATE
SET package_id = excluded.package_id, sku = excluded.sku, title = excluded.title, quantity = excluded.quantity,
    unit = excluded.unit, unit_value = excluded.unit_value, currency = excluded.currency,
    origin_country = excluded.origin_country, batch = excluded.batch, metadata = excluded.metadata
