-- Logs one change that belongs to no shipment. `log_position`: see `database/change_log_sql.py`. The changes of a carrier
-- are in the order in which they locked its row.
WITH own AS MATERIALIZED (
    SELECT position_offset + pg_current_xact_id()::text::bigint AS log_position FROM change_log_state
),
changed_carrier AS (
    UPDATE carrier AS c
    SET log_position = greatest(c.log_position, (SELECT log_position FROM own))
    WHERE @entity::text = 'carrier' AND c.id = @entity_id::uuid AND c.account_id = @account::uuid
    RETURNING c.log_position
)
INSERT INTO change (log_position, account_id, entity, entity_id, shipment_seq, op, changed, actor, request_id)
SELECT
    coalesce((SELECT log_position FROM changed_carrier), own.log_position), @account::uuid, @entity::text,
    @entity_id::uuid, 0, @op::text, @changed::text::jsonb, @actor::text, @request_id::text
FROM own
