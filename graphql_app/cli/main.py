"""The command line: what to do, and options that win over the environment. Refuses in one sentence, exit code 1."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from graphql_app import demo, settings
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
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of server processes.")] = None,
    reload: Annotated[bool, typer.Option(help="Start again whenever the program's files change.")] = False,
) -> None:
    """Serve the API: migrate first, and start a PostgreSQL of our own where POSTGRES_URL is not given."""
    startup.serve(settings.read(host=host, port=port, workers=workers), reload=reload)


@cli.command(name="migrate")
def migrate_(
    check: Annotated[bool, typer.Option(help="Change nothing; exit code 1 if something is missing.")] = False,
    write: Annotated[str | None, typer.Option(help="For developers: write the migration to the models.")] = None,
) -> None:
    """Bring the database to the tables of this program."""
    known = settings.read()

    async def run(where: DatabaseTarget) -> list[str]:
        async with target.connect(where, known) as engine:
            if check:
                return await migrate.pending(engine)
            done = await migrate.upgrade(engine)
            if write:
                await migrate.write(engine, write)
            return done

    with target.temporary_database() if write else target.open_target(known) as where:
        missing = asyncio.run(run(where))
    if check and missing:
        raise startup_error.StartupError(f"Missing migrations: {', '.join(missing)}.")
    if not write:
        typer.echo(f"Applied: {', '.join(missing)}." if missing else "Nothing is missing.")


@cli.command(name="demo")
def demo_() -> None:
    """Fill an empty database with a few hundred shipments to look at."""
    known = settings.read()

    async def run(where: DatabaseTarget) -> int:
        async with target.connect(where, known) as engine:
            await migrate.upgrade(engine)
            return await demo.fill(engine)

    with target.open_target(known) as where:
        made = asyncio.run(run(where))
    typer.echo(f"Made {made} shipments." if made else "There are shipments already: nothing was made.")


@cli.command()
def schema(path: Annotated[Path | None, typer.Argument(help="The file to write; without it, print.")] = None) -> None:
    """The API in GraphQL's schema language."""
    text = build.sdl(build.build())
    if path:
        path.write_text(text)
    else:
        typer.echo(text, nl=False)


@cli.command()
def db(
    port: Annotated[
        int | None, typer.Option(help="Open this TCP port of 127.0.0.1, with a password, for pgAdmin.")
    ] = None,
) -> None:
    """How to look at the tables. Keeps a PostgreSQL of our own up until Ctrl-C where none is running."""
    known = settings.read()
    with target.open_target(known) as where:
        asyncio.run(database_shell.show(where, known, port))


def main() -> None:
    """The program."""
    try:
        cli()
    except startup_error.StartupError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
