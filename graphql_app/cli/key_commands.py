"""The commands `key` and `account`: who may come in. They work while the server runs, and before it ever did."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings
from graphql_app.auth.scopes import ADMIN, SCOPES
from graphql_app.cli import account_admin
from graphql_app.database import migrate, target
from graphql_app.database.target import DatabaseTarget

T = TypeVar("T")

keys = typer.Typer(help="Make, show and revoke API keys.", no_args_is_help=True)
accounts = typer.Typer(help="Make and show accounts: everything belongs to one.", no_args_is_help=True)


def on_database(work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """What the work comes to, on a database with all tables."""
    known = settings.read()

    async def run(where: DatabaseTarget) -> T:
        async with target.connect(where, known) as engine:
            await migrate.upgrade(engine)
            return await work(engine)

    with target.open_target(known) as where:
        return asyncio.run(run(where))


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Columns as wide as they must be."""
    cells = [[*heads], *([shown(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def shown(cell: object) -> str:
    return cell.strftime("%Y-%m-%d %H:%M") if isinstance(cell, datetime) else "-" if cell is None else str(cell)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    account: Annotated[str, typer.Option(help="Whose it is.")] = "default",
    scope: Annotated[
        list[str] | None, typer.Option(help=f"What it may do: {', '.join(SCOPES)}. Absent: all but admin.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="When it stops to work: 90d, 12h, or a date.")] = None,
) -> None:
    """Make an API key and print its secret, this once."""
    scopes = scope or [one for one in SCOPES if one != ADMIN]
    until = account_admin.moment(expires) if expires else None
    secret = on_database(lambda engine: account_admin.create_key(engine, account, name, scopes, until))
    typer.echo(secret.text)
    typer.echo("It is not shown again. Clients send it as `Authorization: Bearer <key>`.", err=True)


@keys.command(name="list")
def list_keys() -> None:
    """Show all keys, by the beginning of their secrets."""
    rows = on_database(account_admin.list_keys)
    cells = [(one.prefix, one.account, one.state, ",".join(one.scopes), one.last_used_at, one.expires_at, one.name)
             for one in rows]  # fmt: skip
    table(("KEY", "ACCOUNT", "STATE", "SCOPES", "LAST USED", "EXPIRES", "NAME"), cells)


@keys.command()
def revoke(key: Annotated[str, typer.Argument(help="Its beginning, as `key list` shows it, or all of it.")]) -> None:
    """Let a key in no more, within a second and in every process."""
    name = on_database(lambda engine: account_admin.revoke_key(engine, key))
    typer.echo(f"Revoked: {name}.")


@accounts.command(name="create")
def create_account(
    slug: Annotated[str, typer.Argument(help="Its short name: a-z, 0-9 and -.")],
    name: Annotated[str | None, typer.Option(help="Its name for people; absent: the short one.")] = None,
) -> None:
    """Make an account. `key create --account` then makes its keys."""
    on_database(lambda engine: account_admin.create_account(engine, slug, name or slug))
    typer.echo(f"Made the account {slug}.")


@accounts.command(name="list")
def list_accounts() -> None:
    """Show all accounts."""
    rows = on_database(account_admin.list_accounts)
    table(("ACCOUNT", "MADE", "NAME"), [(one.slug, one.created_at, one.name) for one in rows])
