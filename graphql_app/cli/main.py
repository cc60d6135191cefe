"""The command `graphql-app`. Options take precedence over the environment. Errors are one line, exit code 1."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from graphql_app import demo
from graphql_app import settings as settings_module
from graphql_app.cli import database_shell, key_commands
from graphql_app.database import migrate, target
from graphql_app.database.target import DatabaseTarget
from graphql_app.errors import startup_error
from graphql_app.schema import build
from graphql_app.server import startup

cli = typer.Typer(
    help="A GraphQL API for shipments.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


cli.add_typer(key_commands.keys, name="key")
cli.add_typer(key_commands.accounts, name="account")


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 selects a free port.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of server processes.")] = None,
    reload: Annotated[bool, typer.Option(help="Restart when a file of the program changes.")] = False,
) -> None:
    """Migrate the database and serve the API. Without POSTGRES_URL, an embedded PostgreSQL is started."""
    startup.serve(settings_module.read(host=host, port=port, workers=workers), reload=reload)


@cli.command(name="migrate")
def migrate_(
    check: Annotated[bool, typer.Option(help="Change nothing; exit code 1 if migrations are missing.")] = False,
    write: Annotated[
        str | None, typer.Option(help="For developers: write the next migration from the models, with this title.")
    ] = None,
) -> None:
    """Apply the missing migrations to the database.\f

    Raises:
        StartupError: migrations are missing and `check` is set. (The help text ends at the form feed.)
    """
    settings = settings_module.read()

    async def run(database: DatabaseTarget) -> list[str]:
        """Return the missing migrations, after applying them unless `check` is set."""
        async with target.connect(database, settings) as engine:
            if check:
                return await migrate.pending(engine)
            applied = await migrate.upgrade(engine)
            if write:
                await migrate.write_migration(engine, write)
            return applied

    with target.temporary_database() if write else target.open_target(settings) as database:
        missing = asyncio.run(run(database))
    if check and missing:
        raise startup_error.StartupError(f"Migrations are missing: {', '.join(missing)}. Run `graphql-app migrate`.")
    if not write:
        typer.echo(f"Applied: {', '.join(missing)}." if missing else "The database is up to date.")


@cli.command(name="demo")
def demo_() -> None:
    """Fill an empty database with a few hundred demonstration shipments."""
    settings = settings_module.read()

    async def run(database: DatabaseTarget) -> int:
        async with target.connect(database, settings) as engine:
            await migrate.upgrade(engine)
            return await demo.fill(engine)

    with target.open_target(settings) as database:
        created = asyncio.run(run(database))
    typer.echo(f"Created {created} shipments." if created else "The account already has shipments; none were created.")


@cli.command()
def schema(
    path: Annotated[Path | None, typer.Argument(help="File to write. If omitted, the schema is printed.")] = None,
) -> None:
    """Print or write the schema in the GraphQL schema definition language (SDL)."""
    sdl = build.sdl(build.build())
    if path:
        path.write_text(sdl)
    else:
        typer.echo(sdl, nl=False)


@cli.command()
def db(
    port: Annotated[
        int | None,
        typer.Option(help="TCP port of 127.0.0.1 to open for pgAdmin; 0 selects a free port. The password is printed."),
    ] = None,
) -> None:
    """Print how to open the database with psql or pgAdmin. Keeps the embedded PostgreSQL running until Ctrl-C."""
    settings = settings_module.read()
    with target.open_target(settings) as database:
        asyncio.run(database_shell.show_access(database, settings, port))


def main() -> None:
    """Run the command line. A StartupError is printed to standard error and gives exit code 1."""
    try:
        cli()
    except startup_error.StartupError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
