-- Updates which stored events are applied, and the checkpoints.
UPDATE tracking_event AS e
SET applied = CASE WHEN g.keeps_reason THEN e.applied ELSE g.reason IS NULL END,
    not_applied_reason = CASE WHEN g.keeps_reason THEN e.not_applied_reason ELSE g.reason END,
    state_after = CASE WHEN g.state IS NULL THEN e.state_after ELSE g.state::jsonb END
FROM json_to_recordset(@changed_events::json) AS g(id uuid, reason not_applied_reason, keeps_reason bool, state text)
WHERE e.id = g.id AND e.account_id = @account::uuid
