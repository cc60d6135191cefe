-- Events that count now and did not, or the other way round.
UPDATE tracking_event AS e
SET applied = g.reason IS NULL, not_applied_reason = g.reason::not_applied_reason
FROM unnest(@flipped_id::uuid[], @flipped_reason::text[]) AS g(id, reason)
WHERE e.id = g.id AND e.account_id = @account::uuid
