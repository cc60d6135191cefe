-- Creates an API key, unless it would have expired already. Only the hash and the prefix of the secret are stored.
WITH expiry AS (
    SELECT coalesce(@expires_at::timestamptz > now(), true) AS is_valid
),
created AS (
    INSERT INTO api_key (account_id, name, prefix, hash, scopes, expires_at)
    SELECT @account::uuid, @name::text, @prefix::text, @hash::bytea, @scopes::text[], @expires_at::timestamptz
    FROM expiry
    WHERE is_valid AND NOT @validate_only::bool
    RETURNING id
)
SELECT expiry.is_valid, created.id FROM expiry LEFT JOIN created ON true
