"""PostgreSQL: engine, connection pool, sessions, errors, row-level security, notifications, retention and migrations.

May import `settings`, `models`, `errors`, `domain` and `observability`.
"""
