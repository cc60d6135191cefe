SELECT request_hash, created_at, result::text AS result
FROM idempotency_key
WHERE account_id = @account::uuid AND actor = @actor::text AND operation = @operation::text AND key = @key::text
    AND expires_at > now()
