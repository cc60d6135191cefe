"""Alembic's environment: migrates with the connection that `database/migrate.py` passes, or that of the settings."""

import asyncio
import contextlib
from typing import Any, Literal

import sqlalchemy
from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from sqlalchemy import Connection
from sqlmodel import SQLModel

from graphql_app import settings as settings_module
from graphql_app.database import change_log_sql, embedded_server, migrate, row_security
from graphql_app.database.engine import make_engine
from graphql_app.models import triggers

EXPRESSION_INDEXES = {
    "ix_shipment_promised_to",
    "ix_shipment_estimated_delivery_at",
    "ix_shipment_last_event_at",
    "ix_shipment_delivered_at",
    "ix_shipment_total_weight_g",
    "ix_shipment_recipient_name",
    "ix_shipment_delivery_delay",
}
"""Indexes on expressions. PostgreSQL prints these with its own parentheses and casts, so Alembic always sees a
difference; a test compares the catalogs instead."""

with contextlib.suppress(ImportError):  # a development dependency that lets Alembic compare the values of enums
    import alembic_postgresql_enum as _  # noqa: F401


def run(connection: Connection) -> None:
    """Run the migrations in one transaction, under the advisory lock."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_server_default=True,
        render_item=render_type,
        include_object=is_comparable,
        process_revision_directives=add_routines,
    )
    with context.begin_transaction():
        for timeout in ("statement_timeout", "lock_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {timeout} = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({migrate.LOCK})")
        context.run_migrations()


def is_comparable(_item: Any, name: str | None, _kind: str, _reflected: bool, counterpart: Any) -> bool:
    """Return whether Alembic can compare an object with its counterpart in the models or the database."""
    return name not in EXPRESSION_INDEXES or counterpart is None


def render_type(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Return the Python code of the types that Alembic renders incorrectly; False for all others."""
    if kind == "type" and isinstance(item, sqlalchemy.Enum):
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return f'postgresql.ENUM(name="{item.name}", create_type=False)'
    return False


@renderers.dispatch_for(ops.ExecuteSQLOp, replace=True)
def render_sql(_autogen_context: AutogenContext, operation: ops.ExecuteSQLOp) -> str:
    """Return the Python code of an SQL statement, with its line breaks."""
    return f'op.execute("""{operation.sqltext}""")'


def add_routines(_context: Any, revision: Any, directives: list[ops.MigrationScript]) -> None:
    """Add functions, triggers and policies to the first migration; in later ones they are written by hand.

    Alembic does not compare them.
    """
    upgrade, downgrade = directives[0].upgrade_ops, directives[0].downgrade_ops
    if revision == () and upgrade and downgrade:
        first_epoch = change_log_sql.FIRST_EPOCH
        statements = (*triggers.CREATE, *row_security.CREATE, first_epoch, row_security.PRIVILEGES_SQL)
        upgrade.ops.extend(ops.ExecuteSQLOp(statement) for statement in statements)
        for table_ops in downgrade.ops:  # dropping a table drops its indexes
            if isinstance(table_ops, ops.ModifyTableOps):
                table_ops.ops = [op for op in table_ops.ops if not isinstance(op, ops.DropIndexOp)]
        downgrade.ops[:0] = [ops.ExecuteSQLOp(statement) for statement in row_security.DROP]
        downgrade.ops.extend(ops.ExecuteSQLOp(statement) for statement in triggers.DROP)


async def connect() -> None:
    """Migrate the database of the settings, for the `alembic` command."""
    settings = settings_module.read()
    server = None
    if settings.postgres_url is None:
        server = embedded_server.EmbeddedServer(settings_module.data_directory(settings)).start()
    url = server.url if server else settings.postgres_url.get_secret_value()  # type: ignore[union-attr]
    engine = make_engine(url, settings)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
        if server:
            server.stop()


connection = context.config.attributes.get("connection")
if connection is None:
    asyncio.run(connect())
else:
    run(connection)
