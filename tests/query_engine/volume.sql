-- Two accounts with 6,000 shipments each for tests/query_engine/test_indexes.py. The values that filters look for are rare.
INSERT INTO account (slug, name) VALUES ('other', 'Other');
INSERT INTO carrier (account_id, code, name) SELECT a.id, 'c' || i, 'Carrier' FROM account a, generate_series(1, 50) i;
INSERT INTO shipment (account_id, number, external_reference, status, status_at, carrier_id, service, promised_to,
  estimated_delivery_at, delivered_at, last_event_at, total_weight_g, metadata, tags, archived_at, created_at, updated_at,
  exception_reason, incoterm, package_count, recipient_name)
SELECT a.id, 'SHP-' || lpad(i::text, 7, '0'), 'ref-' || i, (enum_range(NULL::shipment_status))[1 + (i % 97 = 0)::int + i % 3],
  t + '1 hour', (SELECT c.id FROM carrier c WHERE c.account_id = a.id AND c.code = 'c' || 1 + i % 50), 's' || i % 100,
  CASE WHEN i % 5 > 0 THEN t + '3 days' END, CASE WHEN i % 5 > 0 THEN t + '2 days' END, CASE WHEN i % 2 > 0 THEN t END,
  CASE WHEN i % 7 > 0 THEN t END, i, jsonb_build_object('colour', 'c' || i % 500), ARRAY['t' || i % 500],
  CASE WHEN i % 500 = 0 THEN t END, t, t + '5 days',
  CASE WHEN i % 300 = 0 THEN 'LOST'::exception_reason END, CASE WHEN i % 200 = 0 THEN 'CIF' END, CASE WHEN i % 400 = 0 THEN 9 ELSE 2 END, 'Name' || i
FROM account a, generate_series(1, 6000) i, LATERAL (SELECT timestamptz '2026-01-01' + i * interval '1 hour') AS x(t);
INSERT INTO party (account_id, shipment_id, role, name, city, city_key, region, postal_code, country_code, email, phone)
SELECT s.account_id, s.id, r, 'Name' || i, 'City' || i % 500, 'city' || i % 500, 'R' || i % 30, 'P' || i % 900, chr(65 + i % 26) || chr(65 + i % 20), 'm' || i || '@example.com', '+49' || i
FROM shipment s, LATERAL (SELECT right(s.number, 7)::int AS i) x, unnest(ARRAY['SHIPPER', 'RECIPIENT']::party_role[]) r;
INSERT INTO shipment_reference (account_id, shipment_id, seq, kind, value, value_key)
SELECT account_id, id, 1, 'po', 'po-' || number, lower('po' || replace(number, '-', '')) FROM shipment;
INSERT INTO shipment_search (shipment_id, account_id, external_reference_key, terms)
SELECT s.id, s.account_id, 'ref' || i, array_to_tsvector(ARRAY[t || 'name' || i, t || 'city' || i % 500, t || 'thing', t || '@person' || i || '@mail.example'])
FROM shipment s, LATERAL (SELECT right(s.number, 7)::int, right(s.account_id::text, 4)) x(i, t);
INSERT INTO package (account_id, shipment_id, seq, tracking_number, tracking_number_norm)
SELECT account_id, id, i, 'T' || right(number, 7) || i, 'T' || right(number, 7) || i FROM shipment, generate_series(1, 2) i;
INSERT INTO shipment_item (account_id, shipment_id, package_id, seq, title, quantity, sku, batch)
SELECT p.account_id, p.shipment_id, p.id, p.seq, 'Thing' || i, 1, 'sku' || i, 'b' || i
FROM package p, LATERAL (SELECT substr(p.tracking_number, 2, 7)::int AS i) x;
INSERT INTO tracking_event (account_id, shipment_id, position, code, occurred_at, time_precision, recorded_at, source_name,
  country_code, dedupe_key, applied, carrier_status_raw)
SELECT s.account_id, s.id, i, (enum_range(NULL::tracking_event_code))[1 + (right(s.number, 7)::int * i) % 29], s.created_at + i * interval '1 day',
  'EXACT', s.created_at + i * interval '2 days', 'api', chr(65 + right(s.number, 7)::int % 26) || 'E', sha256((s.id::text || i)::bytea), true, CASE WHEN right(s.number, 7)::int % 100 = 0 THEN 'raw' || i END
FROM shipment s, generate_series(1, 4) i;
INSERT INTO change (log_position, account_id, entity, entity_id, shipment_id, shipment_seq, op, changed, actor)
SELECT pg_current_xact_id()::text::bigint, account_id, 'shipment', id, id, i, 'op' || i, '{}', 'x' FROM shipment, generate_series(1, 3) i;
