"""SQL of the change log, and why its readers see every change once and in order.

**Order.** A row of `change` has a position and a number, `(log_position, seq)`; readers follow this pair. The position
is `POSITION`, which is the transaction's ID plus an offset, or the position of the previous change of the same shipment
if that is higher. The shipment's row holds that position, and a change reads and raises it under the lock of this row.
Therefore:

1. *The order of the changes of a shipment is that of `shipment_seq`.* The lock is held until the transaction ends, so
   the previous change is committed, or of the same transaction. The position of a change is at least that of the
   previous one. Where both are equal, `seq` decides: it comes from a sequence, and the later change takes its number
   later. The transaction ID alone does not give this order: a transaction takes it at its first write, such as the
   claim of an idempotency key, and the lock of the shipment afterwards.
2. *No row appears in the part that readers have read.* Readers take positions before `END`, which is the lowest
   ID of all running transactions (the snapshot's xmin) plus the same offset. A row's position is never lower than that
   of its own transaction. So the transactions of all rows before `END` have ended, and each row is visible to the
   reader or will never exist.
3. *Each row is read in the end.* A position is never higher than the highest ID that any transaction has taken, so
   `END` passes it when the transactions that run now have ended.

Nothing depends on the previous row itself: the retention may delete it. The changes of a carrier are ordered in the
same way, by a column of `carrier`. All other changes, of API keys, have the position of their transaction. A
transaction that changes several shipments gives each of them its own position.

**History.** The pair alone does not identify a change for ever. Transaction IDs are taken again after the promotion of
a standby that had not received all transactions, and after the restore of a backup. Therefore cursors also contain
`HISTORY`, the timeline of the server and the epoch of the log, and the time of the row. A promotion and a recovery from
an archive begin a new timeline. A restored dump is detected at the next start (`change_log_adoption.py`),
which sets a new epoch and raises the offset: new positions are then higher than all restored ones, and none of them
must wait for transaction IDs of another server. A data directory that was replaced by an older copy has the same
timeline and epoch: there the row with the cursor's position, number and time does not exist.
"""

POSITION = "(SELECT s.position_offset + pg_current_xact_id()::text::bigint FROM change_log_state s)"
"""The position of changes of the current transaction. The SQL files of the commands compute the same."""
END = "(SELECT s.position_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM change_log_state s)"
"""The position before which the log is complete in the snapshot of the statement."""
HISTORY = (
    "(SELECT (s.epoch::bigint << 32) | ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint "
    "FROM change_log_state s)"
)
"""The history of the log: the epoch (upper 32 bits) and the timeline of the server (lower 32 bits). It fails on a
server in recovery, which has no timeline of its own.

These are subqueries without a reference to other tables, so that PostgreSQL evaluates each once per statement, in about
3 µs. A function would take 10 µs more."""

CREATE = (
    f"""
CREATE OR REPLACE FUNCTION change_log_heads(accounts uuid[]) RETURNS TABLE (
    account uuid, history bigint, log_position bigint, seq bigint, at timestamptz, unsettled boolean
) LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    WITH log AS MATERIALIZED (SELECT {HISTORY} AS history, {END} AS settled_end)
    SELECT watched.account, log.history, head.log_position, head.seq, head.at,
        coalesce(newest.log_position >= log.settled_end, false)
    FROM log
    CROSS JOIN unnest(accounts) AS watched (account)
    LEFT JOIN LATERAL (
        SELECT c.log_position FROM change c WHERE c.account_id = watched.account
        ORDER BY c.log_position DESC, c.seq DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN LATERAL (
        SELECT c.log_position, c.seq, c.at FROM change c
        WHERE c.account_id = watched.account AND c.log_position < log.settled_end
        ORDER BY c.log_position DESC, c.seq DESC LIMIT 1
    ) AS head ON true;
END""",
    """
CREATE OR REPLACE FUNCTION change_log_delete_old(account uuid, age interval, batch_size integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
    WITH oldest AS (
        SELECT log_position, seq, at FROM change WHERE account_id = account ORDER BY log_position, seq LIMIT batch_size
    ),
    last AS (
        SELECT log_position, seq FROM oldest WHERE at < now() - age ORDER BY log_position DESC, seq DESC LIMIT 1
    ),
    deleted AS (
        DELETE FROM change c USING last
        WHERE c.account_id = account AND (c.log_position, c.seq) < (last.log_position, last.seq)
        RETURNING 1
    )
    SELECT count(*) FROM deleted;
END""",
)
"""Functions for the logs of all accounts, with the privileges of the owner: see `database/row_security.py`."""

FUNCTIONS = {
    "change_log_heads": "uuid[]",
    "change_log_delete_old": "uuid, interval, integer",
}
"""Names of these functions → types of their arguments."""

FIRST_EPOCH = "INSERT INTO change_log_state (epoch) VALUES (random(0, 2147483647)) ON CONFLICT DO NOTHING"
"""Inserts the first epoch; `location` is set at the first start."""
