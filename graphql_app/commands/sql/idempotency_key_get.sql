-- The stored result of an earlier call with this key, unless the key has expired.
SELECT request_hash, created_at, result::text AS result
FROM idempotency_key
WHERE account_id = @account::uuid AND actor = @actor::text AND operation = @operation::text AND key = @key::text
    AND expires_at > now()
