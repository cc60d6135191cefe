"""Alembic's environment: migrates over the connection that `migrate.py` hands over, or that the settings name."""

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

from graphql_app import settings
from graphql_app.database import embedded_server, migrate, row_security
from graphql_app.database.engine import make_engine
from graphql_app.models import columns, triggers

PRINTED_OTHERWISE = {
    "ix_party_words",
    "ix_shipment_promised_to",
    "ix_shipment_estimated_delivery_at",
    "ix_shipment_last_event_at",
}
"""Indexes of expressions."""

with contextlib.suppress(ImportError):  # a tool of development: it makes Alembic see the values of enums
    import alembic_postgresql_enum as _  # noqa: F401


def run(connection: Connection) -> None:
    """Migrate over this connection, in one transaction, alone."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_server_default=True,
        render_item=render,
        include_object=comparable,
        process_revision_directives=with_routines,
    )
    with context.begin_transaction():
        for patient in ("statement_timeout", "lock_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {patient} = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({migrate.LOCK})")
        context.run_migrations()


def comparable(_thing: Any, name: str | None, _kind: str, _reflected: bool, other: Any) -> bool:
    """PostgreSQL prints these with parentheses and casts of its own; a test compares the catalogues instead."""
    return name not in PRINTED_OTHERWISE or other is None


def render(kind: str, thing: Any, autogenerating: AutogenContext) -> str | Literal[False]:
    """Types that Alembic writes badly, as Python. False: it knows the others."""
    if kind == "type" and isinstance(thing, columns.Xid8):
        autogenerating.imports.add("from graphql_app.models import columns")
        return "columns.Xid8()"
    if kind == "type" and isinstance(thing, sqlalchemy.Enum):
        autogenerating.imports.add("from sqlalchemy.dialects import postgresql")
        return f'postgresql.ENUM(name="{thing.name}", create_type=False)'
    return False


@renderers.dispatch_for(ops.ExecuteSQLOp, replace=True)
def render_sql(_autogenerating: AutogenContext, operation: ops.ExecuteSQLOp) -> str:
    """SQL on as many lines as it has."""
    return f'op.execute("""{operation.sqltext}""")'


def with_routines(_context: Any, revision: Any, directives: list[ops.MigrationScript]) -> None:
    """Alembic sees no functions and triggers: the first migration makes them all, later ones are written by hand."""
    upgrade, downgrade = directives[0].upgrade_ops, directives[0].downgrade_ops
    if revision == () and upgrade and downgrade:
        made = (*triggers.CREATE, *row_security.CREATE, row_security.SETTLE)
        upgrade.ops.extend(ops.ExecuteSQLOp(statement) for statement in made)
        for step in downgrade.ops:  # indexes go with their tables
            if isinstance(step, ops.ModifyTableOps):
                step.ops = [part for part in step.ops if not isinstance(part, ops.DropIndexOp)]
        downgrade.ops[:0] = [ops.ExecuteSQLOp(statement) for statement in row_security.DROP]
        downgrade.ops.extend(ops.ExecuteSQLOp(statement) for statement in triggers.DROP)


async def connect() -> None:
    """For the `alembic` command: the database that the settings name."""
    known = settings.read()
    own = None if known.postgres_url else embedded_server.EmbeddedServer(settings.data_directory(known)).start()
    engine = make_engine(own.url if own else known.postgres_url.get_secret_value(), known)  # type: ignore[union-attr]
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
        if own:
            own.stop()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(connect())
else:
    run(given)
