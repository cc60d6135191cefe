-- Creates an API key. Only the hash and the prefix of the secret are stored.
INSERT INTO api_key (account_id, name, prefix, hash, scopes, expires_at)
VALUES (@account::uuid, @name::text, @prefix::text, @hash::bytea, @scopes::text[], @expires_at::timestamptz)
RETURNING id
