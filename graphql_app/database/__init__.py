"""PostgreSQL: engine, connection pool, sessions, errors, row-level security, notifications, migrations.

May import `settings`, `models`, `errors`, `domain` and `observability`.
"""
