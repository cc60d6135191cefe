-- Saves the mapping of a carrier's status code. Without a code it is deleted and the built-in mapping applies.
WITH existing AS (
    SELECT id FROM carrier WHERE account_id = @account::uuid AND code = @carrier::text
    FOR NO KEY UPDATE  -- waits for batches that apply the previous mapping, see carrier_lock.sql
),
saved AS (
    INSERT INTO carrier_status AS s (account_id, carrier_id, raw, code, reason)
    SELECT @account::uuid, k.id, @raw::text, @code::text::tracking_event_code, @reason::text::exception_reason
    FROM existing k
    WHERE @code::text IS NOT NULL AND NOT @validate_only::bool
    ON CONFLICT (account_id, carrier_id, raw) DO UPDATE
    SET code = excluded.code, reason = excluded.reason, updated_at = now()
    WHERE (s.code, s.reason) IS DISTINCT FROM (excluded.code, excluded.reason)
    RETURNING old.code::text AS old_code, old.reason::text AS old_reason
),
deleted AS (
    DELETE FROM carrier_status s
    USING existing k
    WHERE s.account_id = @account::uuid AND s.carrier_id = k.id AND s.raw = @raw::text AND @code::text IS NULL
        AND NOT @validate_only::bool
    RETURNING s.code::text AS old_code, s.reason::text AS old_reason
)
SELECT k.id, w.old_code, w.old_reason, w.changed IS NOT NULL AS changed
FROM existing k
LEFT JOIN (SELECT *, true AS changed FROM saved UNION ALL SELECT *, true FROM deleted) w ON true
