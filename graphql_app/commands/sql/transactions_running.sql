-- Whether a transaction from before the horizon is still running.
SELECT pg_snapshot_xmin(pg_current_snapshot()) < @horizon::text::xid8 AS running
