-- At most 1,000, so that no transaction is long.
DELETE FROM idempotency_key
WHERE (account_id, actor, operation, key) IN (
    SELECT account_id, actor, operation, key
    FROM idempotency_key
    WHERE expires_at <= now()
    ORDER BY expires_at
    LIMIT 1000
    FOR UPDATE SKIP LOCKED
)
RETURNING 1
