-- Claims a key that is new or expired and returns a row if it could. Waits for a transaction that has claimed it and
-- not ended. Keys expire after 24 hours.
INSERT INTO idempotency_key AS k (account_id, actor, operation, key, request_hash, state, expires_at)
VALUES (
    @account::uuid, @actor::text, @operation::text, @key::text, @request_hash::bytea, 'RUNNING',
    now() + interval '24 hours'
)
ON CONFLICT (account_id, actor, operation, key) DO UPDATE
SET request_hash = excluded.request_hash, state = 'RUNNING', result = NULL, created_at = now(),
    expires_at = excluded.expires_at
WHERE k.expires_at <= now()
RETURNING 1
