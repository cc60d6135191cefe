-- Updates which stored events are applied.
UPDATE tracking_event AS e
SET applied = g.reason IS NULL, not_applied_reason = g.reason
FROM json_to_recordset(@changed_flags::json) AS g(id uuid, reason not_applied_reason)
WHERE e.id = g.id AND e.account_id = @account::uuid
