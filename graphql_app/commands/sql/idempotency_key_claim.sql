-- A key that nobody has, or whose time is over. Waits for a transaction that is about to have it.
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
