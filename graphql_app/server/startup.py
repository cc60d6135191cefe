"""From settings to a port that answers: a database, its tables, a demonstration, the server processes, in this order.

What this process started ends with it, in the opposite order. Whatever cannot work is `errors.StartError`, before the
first request is taken.
"""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
import uvicorn
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uvicorn.supervisors import ChangeReload, Multiprocess

from graphql_app import demo, settings
from graphql_app.database import migrate, row_security, target
from graphql_app.database.target import DatabaseTarget
from graphql_app.errors import startup_error
from graphql_app.observability.logging import configure
from graphql_app.server import startup, uvicorn_protocols
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

BACKLOG = 2048
NO_KEY = (
    "Without an API key only this machine is served, from a PostgreSQL of our own: make one with "
    "`graphql-app key create NAME`, in the same environment, and start again."
)
NONE_YET = "none: requests from this machine run as the default account, until `graphql-app key create NAME`"


def serve(known: Settings, *, reload: bool = False) -> None:
    """Serve until told to stop."""
    if reload and known.workers > 1:
        raise startup_error.StartupError("--reload watches one process: leave --workers away.")
    configure(known.log_level, known.log_format)
    signal.signal(signal.SIGTERM, exit_on_signal)
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(listen(known.host, known.port))
        where = stack.enter_context(target.open_target(known))
        role, keyed = asyncio.run(prepare(where, known))
        keyless = not keyed and where.own is not None and is_loopback(port)
        if not keyed and not keyless:
            raise startup_error.StartupError(NO_KEY)
        changes = {"postgres_url": SecretStr(where.requests), "owner_url": None, "database_role": role}
        known = known.model_copy(update=changes)
        shared = {settings.KEYLESS: "yes" if keyless else "no"}
        if known.workers > 1:
            shared["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="graphql-app-"))
        settings.export_to_environment(known, **shared)
        typer.echo(banner(port, where, known, keyless=keyless))
        with contextlib.suppress(KeyboardInterrupt):
            run(port, known, reload=reload)


def run(port: socket.socket, known: Settings, *, reload: bool) -> None:
    """The server processes on this port."""
    config = uvicorn_protocols.config(
        "graphql_app.server.worker:from_environment",
        known,
        factory=True,
        lifespan="on",
        log_config=None,
        log_level="debug" if known.log_level == "debug" else "warning",
        backlog=BACKLOG,
        workers=known.workers,
        reload=reload,
        reload_dirs=[str(Path(__file__).parents[1])] if reload else None,
    )
    if reload:
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=[port]).run()
    elif known.workers > 1:
        Multiprocess(config, sockets=[port]).run()
    else:
        uvicorn.Server(config).run(sockets=[port])


def exit_on_signal(_number: int, _frame: object) -> NoReturn:
    """SIGTERM outside of the server's own care: end in order."""
    sys.exit(0)


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """The port, taken at once: who connects early waits instead of being refused."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with taken:
        try:
            taken.bind((host, port))
            taken.listen(BACKLOG)
        except socket.gaierror:
            raise startup_error.StartupError(f"{host} is not an address of this machine.") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise startup_error.StartupError(
                    f"Port {port} of {host} is in use: stop what uses it, or take another with --port."
                ) from None
            raise startup_error.StartupError(f"Port {port} of {host} cannot be taken: {error.strerror}.") from None
        yield taken


def is_loopback(port: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return ipaddress.ip_address(port.getsockname()[0]).is_loopback


async def prepare(where: DatabaseTarget, known: Settings) -> tuple[str, bool]:
    """The tables, and a demonstration in an empty database of our own. The role that requests can take on, and whether
    an API key was ever made."""
    async with target.connect(where, known) as engine:
        await migrate.upgrade(engine)
        await migrate.check(engine)
        await migrate.adopt(engine)
        if where.own:
            await migrate.let_in(engine, row_security.ROLE)
        if where.own and known.demo:
            await demo.fill(engine)
        keyed = await startup.any_key_exists(engine)
    return await requests_role(where, known), keyed


async def requests_role(where: DatabaseTarget, known: Settings) -> str:
    """The role of the settings where it may be taken on; otherwise none, and the tables bind their owner as well."""
    async with target.connect(DatabaseTarget(where.requests), known) as engine:
        if not known.database_role or await migrate.may_become(engine, known.database_role):
            return known.database_role
    logger.warning(
        "The role of POSTGRES_URL may not take on %s: requests run as it, and row-level security binds it too.",
        known.database_role,
    )
    return ""


def banner(port: socket.socket, where: DatabaseTarget, known: Settings, *, keyless: bool) -> str:
    """What the person who started it wants to know."""
    name = f"[{known.host}]" if ":" in known.host else known.host
    base = f"http://{name}:{port.getsockname()[1]}"
    lines = {
        "Explorer": f"{base}/graphql",
        "Schema": f"{base}/schema.graphql",
        "Tables": where.psql,
        "Data": where.data,
        "API keys": NONE_YET if keyless else "needed: clients send `Authorization: Bearer <key>`",
        "Stop": "Ctrl-C",
    }
    return "\n".join(["", *(f"  {label:<10}{value}" for label, value in lines.items()), ""])


async def any_key_exists(engine: AsyncEngine) -> bool:
    """Whether a key was ever made."""
    async with engine.connect() as connection:
        return bool((await connection.execute(text("SELECT EXISTS (SELECT FROM api_key)"))).scalar_one())
