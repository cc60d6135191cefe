INSERT INTO api_key (account_id, name, prefix, hash, scopes, expires_at)
VALUES (@account::uuid, @name::text, @prefix::text, @hash::bytea, @scopes::text[], @expires_at::timestamptz)
RETURNING id
