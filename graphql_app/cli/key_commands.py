"""The commands `key` and `account`. They work while the server runs, and before its first start."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.auth.scopes import ADMIN, SCOPES
from graphql_app.cli import account_admin
from graphql_app.database import migrate, target
from graphql_app.database.target import DatabaseTarget

T = TypeVar("T")

keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)
accounts = typer.Typer(help="Create and list accounts. All data belong to an account.", no_args_is_help=True)


def run_on_database(function: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Migrate the database of the settings, call a function with an engine on it, and return its result."""
    settings = settings_module.read()

    async def run(database: DatabaseTarget) -> T:
        async with target.connect(database, settings) as engine:
            await migrate.upgrade(engine)
            return await function(engine)

    with target.open_target(settings) as database:
        return asyncio.run(run(database))


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table with columns as wide as their longest cell."""
    cells = [[*headings], *([format_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def format_cell(value: object) -> str:
    """Return a value as text: times to the minute, `-` for None."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return "-" if value is None else str(value)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Purpose of the key, up to 100 characters.")],
    account: Annotated[str, typer.Option(help="Short name of the account.")] = "default",
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"Scope of the key: {', '.join(SCOPES)}. Repeatable. Default: all but admin."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Expiry: 90d, 12h, 30m or a date. Default: never.")] = None,
) -> None:
    """Create an API key and print its secret. The secret is not stored."""
    scopes = scope or [default for default in SCOPES if default != ADMIN]
    expires_at = account_admin.parse_expiry(expires) if expires else None
    secret = run_on_database(lambda engine: account_admin.create_key(engine, account, name, scopes, expires_at))
    typer.echo(secret.text)
    typer.echo("The key is not shown again. Clients send it as `Authorization: Bearer <key>`.", err=True)


@keys.command(name="list")
def list_keys() -> None:
    """List all API keys by the prefix of their secret."""
    rows = run_on_database(account_admin.list_keys)
    cells = [(row.prefix, row.account, row.state, ",".join(row.scopes), row.last_used_at, row.expires_at, row.name)
             for row in rows]  # fmt: skip
    print_table(("KEY", "ACCOUNT", "STATE", "SCOPES", "LAST USED", "EXPIRES", "NAME"), cells)


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Prefix of the key, as listed by `key list`, or the whole key.")],
) -> None:
    """Revoke an API key. All server processes reject it within a second."""
    name = run_on_database(lambda engine: account_admin.revoke_key(engine, key))
    typer.echo(f"Revoked: {name}.")


@accounts.command(name="create")
def create_account(
    slug: Annotated[str, typer.Argument(help="Short name: up to 63 of a-z, 0-9 and -.")],
    name: Annotated[
        str | None, typer.Option(help="Display name, up to 200 characters. Default: the short name.")
    ] = None,
) -> None:
    """Create an account. Create its API keys with `key create --account`."""
    run_on_database(lambda engine: account_admin.create_account(engine, slug, name or slug))
    typer.echo(f"Created the account {slug}.")


@accounts.command(name="list")
def list_accounts() -> None:
    """List all accounts."""
    rows = run_on_database(account_admin.list_accounts)
    print_table(("ACCOUNT", "CREATED", "NAME"), [(row.slug, row.created_at, row.name) for row in rows])
