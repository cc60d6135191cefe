-- Creates shipments with parties, packages, items, references and log rows, in one statement. `@shipments` has one row
-- per shipment; the other tables refer to it by `shipment_id`.
-- A row with an unknown carrier or returned shipment or with an external reference in use is returned, not inserted.
-- Shipment numbers follow the order of the rows. The rows are inserted in the order of the external references, so that
-- two calls with the same references cannot deadlock. Lookups are LATERAL, row by row by an index: a join that is
-- planned while the tables are small would scan them completely for as long as its plan is cached.
-- After the rows of the shipments come those of packages whose tracking number an active package already has, with
-- `package_seq_in_use`.
WITH input AS MATERIALIZED (
    SELECT
        g.*, c.id AS carrier_id, g.carrier IS NOT NULL AND c.id IS NULL AS no_carrier,
        r.id AS return_of, num_nonnulls(g.return_id, g.return_number, g.return_reference) > 0 AND r.id IS NULL AS no_return_of,
        e.id AS existing
    FROM json_to_recordset(@shipments::json) AS g(
        row int, id uuid, external_reference text, direction shipment_direction, status shipment_status, carrier text,
        service text, return_id uuid, return_number text, return_reference text, promised_from timestamptz,
        promised_to timestamptz, estimated_delivery_at timestamptz, promised_from_date date, promised_to_date date,
        estimate_given_date date, package_count int, total_weight_g numeric,
        declared_value numeric, currency text, incoterm text, metadata text, tags text[], recipient_name text, changed text
    )
    LEFT JOIN LATERAL (
        SELECT id FROM carrier WHERE account_id = @account::uuid AND code = g.carrier LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT id FROM shipment WHERE account_id = @account::uuid AND external_reference = g.external_reference LIMIT 1
    ) e ON true
    LEFT JOIN LATERAL (
        SELECT NULL::uuid AS id WHERE false
-- if returns
        UNION ALL (SELECT id FROM shipment WHERE account_id = @account::uuid AND id = g.return_id)
        UNION ALL (SELECT id FROM shipment WHERE account_id = @account::uuid AND number = g.return_number)
        UNION ALL (
            SELECT id FROM shipment WHERE account_id = @account::uuid AND external_reference = g.return_reference
        )
-- end
        LIMIT 1
    ) r ON true
),
valid AS MATERIALIZED (
    SELECT g.*, 'SHP-' || lpad(g.n, greatest(7, length(g.n)), '0') AS number
    FROM (
        SELECT g.*, nextval(@numbers::text::regclass)::text AS n
        FROM (
            SELECT g.* FROM input g
            WHERE NOT @validate_only::bool AND NOT g.no_carrier AND NOT g.no_return_of AND g.existing IS NULL
            ORDER BY g.row
        ) g
    ) g
),
-- Evaluated for the first inserted row: `@validate_only` takes no transaction ID.
own AS MATERIALIZED (
    SELECT position_offset + pg_current_xact_id()::text::bigint AS log_position FROM change_log_state
),
inserted AS (
    INSERT INTO shipment (
        id, account_id, number, external_reference, direction, status, confirmed_at, ready_at, carrier_id, service,
        return_of_id, promised_from, promised_to, estimated_delivery_at, estimate_given, estimate_given_at,
        promised_from_date, promised_to_date, estimate_given_date,
        package_count, total_weight_g, declared_value, currency, incoterm, metadata, tags, recipient_name,
        created_by, log_position
    )
    SELECT
        g.id, @account::uuid, g.number, g.external_reference, g.direction,
        g.status, CASE WHEN g.status = 'READY' THEN now() END,
        CASE WHEN g.status = 'READY' THEN now() END, g.carrier_id, g.service, g.return_of, g.promised_from,
        g.promised_to, g.estimated_delivery_at, g.estimated_delivery_at,
        CASE WHEN g.estimated_delivery_at IS NOT NULL THEN now() END, g.promised_from_date, g.promised_to_date,
        g.estimate_given_date, g.package_count, g.total_weight_g,
        g.declared_value, g.currency, g.incoterm, g.metadata::jsonb, g.tags, g.recipient_name, @actor::text,
        (SELECT log_position FROM own)
    FROM valid g
    ORDER BY g.external_reference COLLATE "C", g.row
    ON CONFLICT (account_id, external_reference) WHERE external_reference IS NOT NULL DO NOTHING
    RETURNING id
),
-- if parties
parties AS (
    INSERT INTO party (
        account_id, shipment_id, role, name, company, lines, city, city_key, region, postal_code, country_code, phone,
        email
    )
    SELECT
        @account::uuid, p.shipment_id, p.role, p.name, p.company, p.lines, p.city, p.city_key, p.region, p.postal_code,
        p.country_code, p.phone, p.email
    FROM json_to_recordset(@parties::json) AS p(
        shipment_id uuid, role party_role, name text, company text, lines text[], city text, city_key text,
        region text, postal_code text, country_code text, phone text, email text
    )
    WHERE (p.shipment_id IN (SELECT id FROM inserted)) IS TRUE
),
-- end
-- if packages
packages AS (
    INSERT INTO package (
        id, account_id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit,
        length_mm, width_mm, height_mm, dims_unit, status
    )
    SELECT
        b.id, @account::uuid, b.shipment_id, b.seq, b.tracking_number, b.tracking_number_norm, b.weight_g,
        b.weight_entered, b.weight_unit, b.length_mm, b.width_mm, b.height_mm, b.dims_unit,
        b.status
    FROM json_to_recordset(@packages::json) AS b(
        id uuid, shipment_id uuid, seq int, tracking_number text, tracking_number_norm text, weight_g numeric,
        weight_entered numeric, weight_unit weight_unit, length_mm numeric, width_mm numeric, height_mm numeric,
        dims_unit length_unit, status shipment_status
    )
    WHERE (b.shipment_id IN (SELECT id FROM inserted)) IS TRUE
),
-- end
-- if items
items AS (
    INSERT INTO shipment_item (
        account_id, shipment_id, package_id, seq, sku, title, quantity, unit, unit_value, currency, origin_country,
        batch, metadata
    )
    SELECT
        @account::uuid, i.shipment_id, i.package_id, i.seq, i.sku, i.title, i.quantity, i.unit, i.unit_value,
        i.currency, i.origin_country, i.batch, i.metadata::jsonb
    FROM json_to_recordset(@items::json) AS i(
        shipment_id uuid, seq int, package_id uuid, sku text, title text, quantity numeric, unit text,
        unit_value numeric, currency text, origin_country text, batch text, metadata text
    )
    WHERE (i.shipment_id IN (SELECT id FROM inserted)) IS TRUE
),
-- end
-- if references
reference_rows AS (
    INSERT INTO shipment_reference (account_id, shipment_id, seq, kind, value, value_key)
    SELECT @account::uuid, n.shipment_id, n.seq, n.kind, n.value, n.value_key
    FROM json_to_recordset(@references::json) AS n(shipment_id uuid, seq int, kind text, value text, value_key text)
    WHERE (n.shipment_id IN (SELECT id FROM inserted)) IS TRUE
),
-- end
-- if search
search AS (
    INSERT INTO shipment_search (shipment_id, account_id, external_reference_key, terms)
    SELECT t.shipment_id, @account::uuid, t.external_reference_key, array_to_tsvector(t.terms)
    FROM json_to_recordset(@search::json) AS t(shipment_id uuid, external_reference_key text, terms text[])
    WHERE (t.shipment_id IN (SELECT id FROM inserted)) IS TRUE
),
-- end
log AS (
    INSERT INTO change (
        log_position, account_id, entity, entity_id, shipment_id, shipment_seq, op, status_after, changed, actor,
        request_id
    )
    SELECT
        (SELECT log_position FROM own), @account::uuid, 'shipment', g.id, g.id, 1, 'shipment.created', g.status,
        jsonb_build_object(
            'number', jsonb_build_array(NULL, g.number), 'status', jsonb_build_array(NULL, g.status)
        ) || g.changed::jsonb, @actor::text, @request_id::text
    FROM valid g
    WHERE (g.id IN (SELECT id FROM inserted)) IS TRUE
)
SELECT
    g.row, g.no_carrier, g.no_return_of, g.existing, (g.id IN (SELECT id FROM inserted)) IS TRUE AS inserted,
    NULL::int AS package_seq_in_use
FROM input g
-- if numbered
UNION ALL
SELECT b.row, NULL, NULL, NULL, NULL, b.seq
FROM json_to_recordset(@numbered::json) AS b(row int, seq int, norm text)
WHERE (
    SELECT true FROM package p
    WHERE p.account_id = @account::uuid AND p.tracking_number_norm = b.norm
        AND p.status NOT IN ('DELIVERED', 'RETURNED', 'FAILED', 'CANCELLED')
    LIMIT 1
)
-- end
