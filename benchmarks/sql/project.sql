-- Copies the peers' rows into the project's tables. Runs on the project's database, with the peers' rows in schema peer.
insert into carrier (account_id, code, name) select a.id, lower(c.code), c.name from peer.carrier c, account a where a.slug = 'default';
insert into shipment (id, account_id, number, external_reference, status, status_at, carrier_id, service, declared_value, currency, estimated_delivery_at, estimate_given, estimate_given_at, created_at, updated_at, event_count, package_count, total_weight_g, last_event_at, version)
 select s.id, a.id, s.tracking_number, s.reference, (case s.status when 'BOOKED' then 'READY' else s.status end)::shipment_status, s.created_at, c.id, s.service_level, s.declared_value, s.currency, s.estimated_delivery_at, s.estimated_delivery_at, s.created_at, s.created_at, s.updated_at, 5, 2, 350, s.created_at + interval '30 hours', 1
 from peer.shipment s join peer.carrier p on p.id = s.carrier_id join account a on a.slug = 'default' join carrier c on c.account_id = a.id and c.code = lower(p.code) order by s.created_at;
insert into party (account_id, shipment_id, role, name, company, lines, city, city_key, region, postal_code, country_code, phone, email)
 select x.account_id, s.id, r.role::party_role, d.name, d.company, array[d.line1], d.city, lower(d.city), d.region, d.postal_code, d.country_code, d.phone, d.email
 from peer.shipment s join shipment x on x.id = s.id cross join lateral (values ('SHIPPER', s.origin_id), ('RECIPIENT', s.destination_id)) r(role, address_id) join peer.address d on d.id = r.address_id order by s.created_at;
insert into package (account_id, shipment_id, seq, tracking_number, tracking_number_norm, weight_g, weight_entered, weight_unit, length_mm, width_mm, height_mm, dims_unit, status)
 select x.account_id, p.shipment_id, row_number() over (partition by p.shipment_id order by p.id), p.description, upper(replace(p.description, ' ', '')), p.weight_g, p.weight_g, 'G', p.length_mm, p.width_mm, p.height_mm, 'MM', x.status
 from peer.parcel p join shipment x on x.id = p.shipment_id order by x.created_at, p.id;
insert into tracking_event (account_id, shipment_id, position, code, message, occurred_at, time_precision, recorded_at, source_name, place_name, dedupe_key, applied)
 select x.account_id, e.shipment_id, 3::bigint << 56, 'IN_TRANSIT', e.description, e.occurred_at, 'EXACT', e.occurred_at, 'bench', e.location, sha256(e.id::text::bytea), true
 from peer.shipment_event e join shipment x on x.id = e.shipment_id order by x.created_at, e.id;
insert into change (account_id, entity, entity_id, shipment_id, shipment_seq, op, status_after, changed, actor) select account_id, 'shipment', id, id, 1, 'shipment.created', status, '{}', 'bench' from shipment order by created_at;
