-- Stores the result with the key that this transaction has claimed.
UPDATE idempotency_key SET state = 'DONE', result = @result::text::jsonb
WHERE account_id = @account::uuid AND actor = @actor::text AND operation = @operation::text AND key = @key::text
