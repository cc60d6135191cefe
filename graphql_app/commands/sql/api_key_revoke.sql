-- PostgreSQL 18 tells the row as it was and as it is.
UPDATE api_key SET revoked_at = coalesce(revoked_at, now())
WHERE account_id = @account::uuid AND id = @id::uuid
RETURNING id, old.revoked_at IS NULL AS changed, new.revoked_at
