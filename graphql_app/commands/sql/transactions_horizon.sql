-- The first transaction ID that is not assigned yet.
SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS horizon
