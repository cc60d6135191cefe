-- Gives recorded events the event code that their carrier status is mapped to now.
UPDATE tracking_event AS e
SET code = g.code, reason = g.reason, position = g.position, state_after = NULL
FROM json_to_recordset(@events::json) AS g(id uuid, code tracking_event_code, reason exception_reason, position bigint)
WHERE e.id = g.id AND e.account_id = @account::uuid
