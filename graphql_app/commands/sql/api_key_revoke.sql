-- Revokes a key. `old` and `new` in RETURNING (PostgreSQL 18) tell whether it was revoked before.
UPDATE api_key SET revoked_at = coalesce(revoked_at, now())
WHERE account_id = @account::uuid AND id = @id::uuid
RETURNING id, old.revoked_at IS NULL AS changed, new.revoked_at
