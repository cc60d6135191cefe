-- :n shipments of one account with all their children; the recent ones are still in transit. Ids sort by time, as uuidv7() creates them.
-- The distribution is that of a business of several years: nine of ten shipments are delivered, one in a thousand is an exception.
CREATE TEMP TABLE given AS
SELECT
    i, now() - (:n - i) * interval '94 seconds' AS at, a.id AS account,
    (lpad(to_hex((extract(epoch FROM now() - (:n - i) * interval '94 seconds') * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0') || '8' || lpad(to_hex(i), 15, '0'))::uuid AS id,
    CASE WHEN i % 1000 = 0 THEN 'EXCEPTION' WHEN i % 997 = 0 THEN 'CANCELLED' WHEN :n - i < :n * 0.01 THEN 'READY'
        WHEN :n - i < :n * 0.06 THEN 'IN_TRANSIT' WHEN i % 50 = 0 THEN 'RETURNED' ELSE 'DELIVERED' END::shipment_status AS status
FROM generate_series(1, :n) i, account a WHERE a.slug = 'default';
INSERT INTO carrier (account_id, code, name) SELECT a.id, 'carrier_' || k, 'Carrier ' || k FROM account a, generate_series(1, 20) k;
INSERT INTO shipment (
    id, account_id, number, external_reference, direction, status, status_at, carrier_id, service, promised_to,
    estimated_delivery_at, delivered_at, last_event_at, event_count, package_count, total_weight_g, declared_value, currency,
    metadata, tags, archived_at, created_at, updated_at, recipient_name)
SELECT
    g.id, g.account, 'SHP-' || lpad(i::text, 9, '0'), 'order-' || i,
    (CASE WHEN i % 100 = 0 THEN 'RETURN' WHEN i % 20 = 0 THEN 'INBOUND' ELSE 'OUTBOUND' END)::shipment_direction, status,
    at + interval '3 days', (SELECT c.id FROM carrier c WHERE c.code = 'carrier_' || 1 + i % 20), (ARRAY['standard', 'express', 'overnight'])[1 + i % 3],
    CASE WHEN i % 3 > 0 THEN at + interval '4 days' END, CASE WHEN i % 4 > 0 THEN at + interval '3 days' END,
    CASE WHEN status = 'DELIVERED' THEN at + interval '3 days' END, at + interval '3 days', 5, 2, 100 + i % 5000, i % 1000, 'EUR',
    CASE WHEN i % 10 = 0 THEN jsonb_build_object('project', 'P-' || i % 1000, 'batch', i) ELSE '{}' END,
    CASE WHEN i % 10 = 0 THEN ARRAY['tag-' || i % 1000, 'fragile'] ELSE '{}' END,
    CASE WHEN i % 200 = 0 THEN at + interval '30 days' END, at, at + interval '3 days', 'Person ' || i
FROM given g;
INSERT INTO party (account_id, shipment_id, role, name, company, lines, city, city_key, region, postal_code, country_code)
SELECT account, id, r.role::party_role, 'Person ' || r.k, 'Company ' || r.k % 5000, ARRAY[r.k % 999 || ' Main Street'], 'City ' || r.k % 20000, 'city ' || r.k % 20000,
    'Region ' || r.k % 50, lpad((r.k % 99999)::text, 5, '0'), (ARRAY['US','DE','JP','FR','GB','NG','IN','BR'])[1 + r.k % 8]
FROM given g CROSS JOIN LATERAL (VALUES ('SHIPPER', i % 50), ('RECIPIENT', i)) r(role, k);
INSERT INTO shipment_search (shipment_id, account_id, external_reference_key, terms)
SELECT g.id, account, 'order' || i, array_to_tsvector(ARRAY(SELECT DISTINCT right(account::text, 4) || w FROM unnest(ARRAY[
    'person', 'company', 'city', 'region', (i % 50)::text, i::text, (i % 5000)::text, (i % 20000)::text, lpad((i % 50)::text, 5, '0'), lpad((i % 99999)::text, 5, '0'),
    'article', 'a' || i % 10000, '#sku' || i % 10000, '@person' || i || '@mail.example']) w))
FROM given g;
INSERT INTO shipment_reference (account_id, shipment_id, seq, kind, value, value_key)
SELECT account, id, k, (ARRAY['order', 'invoice'])[k], (ARRAY['O-', 'I-'])[k] || i, (ARRAY['o', 'i'])[k] || i FROM given, generate_series(1, 2) k WHERE i % 2 = 0;
INSERT INTO package (account_id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit, status)
SELECT account, id, k, 'TRK ' || lpad((i * 2 + k)::text, 12, '0'), 'TRK' || lpad((i * 2 + k)::text, 12, '0'), 100 + k, 100 + k, 'G', status
FROM given, generate_series(1, 2) k;
INSERT INTO tracking_event (account_id, shipment_id, position, code, message, occurred_at, time_precision, recorded_at, source_name, place_name, city, country_code, dedupe_key, applied)
SELECT account, id, k::bigint << 56, (ARRAY['INFO_RECEIVED','PICKED_UP','IN_TRANSIT','OUT_FOR_DELIVERY','DELIVERED'])[k]::tracking_event_code,
    'Event ' || k, at + k * interval '12 hours', 'EXACT', at + k * interval '12 hours', 'feed_' || i % 5, 'Hub ' || k, 'City ' || i % 20000,
    (ARRAY['US','DE','JP','FR','GB','NG','IN','BR'])[1 + i % 8], int8send(i * 8 + k), true
FROM given, generate_series(1, 5) k;
INSERT INTO change (log_position, account_id, entity, entity_id, shipment_id, shipment_seq, op, status_after, changed, actor, at)
SELECT pg_current_xact_id()::text::bigint, account, 'shipment', id, id, 1, 'shipment.created', 'DRAFT', '{}', 'growth', at FROM given;
