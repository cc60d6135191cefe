"""Startup of the server: port, database, migrations, demonstration data, server processes, in this order.

Everything that this process started ends with it, in reverse order. Whatever prevents the server from working raises
StartupError before the first request is accepted.
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
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import orjson
import typer
import uvicorn
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uvicorn.supervisors import ChangeReload, Multiprocess

from graphql_app import demo
from graphql_app import settings as settings_module
from graphql_app.database import change_log_adoption, migrate, request_role, row_security, target
from graphql_app.database.target import DatabaseTarget
from graphql_app.errors import request_errors, startup_error
from graphql_app.execution import error_formatting
from graphql_app.observability.logging import configure
from graphql_app.server import uvicorn_protocols
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

BACKLOG = 2048
"""Connections that the operating system queues until the server accepts them."""

REJECTION_SECONDS = 0.2
"""Maximum time to read from each client that is rejected because the start was ended."""
MAX_REJECTION_SECONDS = 2.0
"""Maximum time to reject all of them."""

SHUTTING_DOWN = "The server was stopped while it started. Retry with the same idempotency key."
"""The message for clients that wait when the start is ended."""

NO_KEY_MESSAGE = (
    "There is no API key. Without one the server runs only on a loopback address and with the embedded PostgreSQL. "
    "Create a key with `graphql-app key create NAME`, using the same settings, and start the server again."
)
"""Why the server does not start without an API key."""

NO_KEY_STATUS = "none: requests from this machine use the default account until `graphql-app key create NAME`"
"""Line of the banner while requests need no key."""


def serve(settings: Settings, *, reload: bool = False) -> None:
    """Start the server and run it until SIGTERM or Ctrl-C. `reload`: restart it when a file of the program changes.

    Raises:
        StartupError: the settings do not allow it, the port or the database cannot be used, or no API key exists.
    """
    if reload and settings.workers > 1:
        raise startup_error.StartupError(f"--reload requires one worker (was {settings.workers}). Omit --workers.")
    configure(settings.log_level, settings.log_format)
    signal.signal(signal.SIGTERM, exit_on_signal)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        database = stack.enter_context(target.open_target(settings))
        role, has_key = asyncio.run(prepare_database(database, settings))
        keyless = not has_key and database.embedded is not None and is_loopback(listener)
        if not has_key and not keyless:
            raise startup_error.StartupError(NO_KEY_MESSAGE)
        changes = {"postgres_url": SecretStr(database.requests_url), "owner_url": None, "database_role": role}
        settings = settings.model_copy(update=changes)
        variables = {
            settings_module.KEYLESS_VARIABLE: "yes" if keyless else "no",
            settings_module.EMBEDDED_VARIABLE: str(database.embedded.data) if database.embedded else "",
        }
        if settings.workers > 1:
            metrics_directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="graphql-app-"))
            variables["PROMETHEUS_MULTIPROC_DIR"] = metrics_directory
        settings_module.export_to_environment(settings, **variables)
        typer.echo(banner(listener, database, settings, keyless=keyless))
        with contextlib.suppress(KeyboardInterrupt):
            run(listener, settings, reload=reload)


def run(listener: socket.socket, settings: Settings, *, reload: bool) -> None:
    """Run the server processes on a listening socket until they end."""
    config = uvicorn_protocols.config(
        "graphql_app.server.worker:app_from_environment",
        settings,
        factory=True,
        lifespan="on",
        log_config=None,
        log_level="debug" if settings.log_level == "debug" else "warning",
        backlog=BACKLOG,
        workers=settings.workers,
        reload=reload,
        reload_dirs=[str(Path(__file__).parents[1])] if reload else None,
    )
    if reload:
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()
    elif settings.workers > 1:
        ServerProcesses(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


class ServerProcesses(Multiprocess):
    """uvicorn's parent of several server processes, which does not keep the port open longer than they do."""

    def terminate_all(self) -> None:
        """Close the listening sockets of this process, then end the others: a connection that nobody accepts any more
        is refused instead of waiting."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def exit_on_signal(_number: int, _frame: object) -> NoReturn:
    """Handle SIGTERM before uvicorn does: leave all context managers, then exit with code 0."""
    sys.exit(0)


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on a port before anything else, so that early clients wait instead of being rejected.

    Raises:
        StartupError: the host is unknown, or the port is in use or not allowed.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except socket.gaierror:
            raise startup_error.StartupError(
                f"{host} is not an address of this machine. Use one of its addresses with --host."
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise startup_error.StartupError(
                    f"Port {port} of {host} is in use. Stop the program that uses it, or choose another with --port."
                ) from None
            raise startup_error.StartupError(
                f"Port {port} of {host} cannot be opened: {error.strerror}. Choose another with --host or --port."
            ) from None
        try:
            yield listener
        finally:
            reject_waiting_clients(listener)


def reject_waiting_clients(listener: socket.socket) -> None:
    """Respond with 503 to the clients that have connected and were not accepted, when the start is ended.

    Closing the port would reset their connections. A socket that the server has closed has none.
    """
    if listener.fileno() < 0:
        return
    error = error_formatting.format_request_error(request_errors.Unavailable(SHUTTING_DOWN), uuid.uuid4().hex)
    body = orjson.dumps({"errors": [error]})
    response = (
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\n"
        b"connection: close\r\nretry-after: 1\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    )
    listener.setblocking(False)
    deadline = time.monotonic() + MAX_REJECTION_SECONDS
    with contextlib.suppress(OSError):  # BlockingIOError: no further client waits
        while time.monotonic() < deadline:
            client, _address = listener.accept()
            with client, contextlib.suppress(OSError):
                client.settimeout(REJECTION_SECONDS)
                client.sendall(response)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65_536):  # unread bytes would reset the connection before the client has read
                    pass


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine can connect to a listening socket."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


async def prepare_database(database: DatabaseTarget, settings: Settings) -> tuple[str, bool]:
    """Migrate the database, and fill an empty embedded one with demonstration data.

    Returns the role that requests switch to (empty: none), and whether an API key was ever created.
    """
    async with target.connect(database, settings) as engine:
        await migrate.upgrade(engine)
        await migrate.check_schema(engine)
        await change_log_adoption.adopt(engine)
        if database.embedded:
            await migrate.allow_login(engine, row_security.ROLE)
        if database.embedded and settings.demo:
            await demo.fill(engine)
        has_key = await any_key_exists(engine)
        role = await prepare_request_role(engine, database, settings)
    return role, has_key


async def prepare_request_role(owner: AsyncEngine, database: DatabaseTarget, settings: Settings) -> str:
    """Return the role that requests switch to (empty: none), after row-level security has been set up for it.

    Raises:
        StartupError: requests would fail with this role, or see rows of other accounts.
    """
    async with target.connect(DatabaseTarget(database.requests_url), settings) as engine:
        role = await request_role.find(engine, settings.database_role)
    if settings.database_role and not role.setting:
        logger.warning(
            "The role of POSTGRES_URL cannot switch to the role %s. Requests keep its role%s. To change this, grant it "
            "the role.",
            settings.database_role,
            ", and row-level security is forced on the owner of the tables" if role.is_owner else "",
        )
    await migrate.force_row_security(owner, forced=role.is_owner)
    await request_role.check(database.requests_url, settings.model_copy(update={"database_role": role.setting}))
    return role.setting


def banner(listener: socket.socket, database: DatabaseTarget, settings: Settings, *, keyless: bool) -> str:
    """Return the text that `serve` prints: URLs, how to open the database, whether API keys are required."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{listener.getsockname()[1]}"
    lines = {
        "Explorer": f"{base}/graphql",
        "Schema": f"{base}/schema.graphql",
        "Tables": database.psql,
        "Data": database.data_location,
        "API keys": NO_KEY_STATUS if keyless else "required: clients send `Authorization: Bearer <key>`",
        "Stop": "Ctrl-C",
    }
    return "\n".join(["", *(f"  {label:<10}{value}" for label, value in lines.items()), ""])


async def any_key_exists(engine: AsyncEngine) -> bool:
    """Whether an API key was ever created; revoked and expired keys count."""
    async with engine.connect() as connection:
        return bool((await connection.execute(text("SELECT EXISTS (SELECT FROM api_key)"))).scalar_one())
