-- The account's mappings of carrier status codes, for pairs of carrier and status code.
SELECT c.code AS carrier, s.raw, s.code::text AS code, s.reason::text AS reason
FROM unnest(@carriers::text[], @raws::text[]) AS g(carrier, raw)
JOIN carrier c ON c.account_id = @account::uuid AND c.code = g.carrier
JOIN carrier_status s ON s.account_id = @account::uuid AND s.carrier_id = c.id AND s.raw = g.raw
