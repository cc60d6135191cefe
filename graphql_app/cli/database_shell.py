"""Access to the tables for people: a command line for psql, or a TCP port for pgAdmin.

The embedded PostgreSQL has no TCP port. Its Unix socket is in a directory that only its owner can enter, and it trusts
every connection through it. The TCP port is therefore a proxy in this process, on 127.0.0.1, open while the command
runs. It reads the startup message of each connection and rejects every role but one. For that role, PostgreSQL requires
the password that the command printed.
"""

import asyncio
import contextlib
import secrets
import struct

import typer
from sqlalchemy import text

from graphql_app.database import embedded_server, target
from graphql_app.database.target import DatabaseTarget
from graphql_app.errors import startup_error
from graphql_app.settings import Settings

HOST = "127.0.0.1"
"""Address of the proxy: only this machine."""

SSL_REQUEST = 80877103
"""Code of an SSLRequest message (PostgreSQL protocol 3.0, message formats)."""

GSS_ENCRYPTION_REQUEST = 80877104
"""Code of a GSSENCRequest message."""

CANCEL_REQUEST = 80877102
"""Code of a CancelRequest message."""

MAX_STARTUP_MESSAGE_BYTES = 10_000
"""PostgreSQL's own limit."""

PASSWORD_RANDOM_BYTES = 12
COPY_BUFFER_BYTES = 65_536


async def show_access(database: DatabaseTarget, settings: Settings, port: int | None) -> None:
    """Print how to connect to the database. Runs until Ctrl-C if that keeps PostgreSQL or the proxy running.

    `port`: TCP port of the proxy (0: any free port); None prints a command line for psql.

    Raises:
        StartupError: a port is given for a database of POSTGRES_URL, or the port cannot be opened.
    """
    if port is None:
        typer.echo(database.psql)
        if database.embedded and database.embedded.is_owner:
            typer.echo("PostgreSQL runs until you press Ctrl-C.")
            await wait_forever()
        return
    if database.embedded is None:
        raise startup_error.StartupError(
            "--port is only for the embedded PostgreSQL. Connect pgAdmin to the server of POSTGRES_URL directly."
        )
    await open_proxy(database, settings, port)


async def wait_forever() -> None:
    """Wait until Ctrl-C."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def open_proxy(database: DatabaseTarget, settings: Settings, port: int) -> None:
    """Run the proxy until Ctrl-C. The role can log in, with a new password, only while it runs.

    Raises:
        StartupError: the port cannot be opened.
    """
    assert database.embedded
    socket_path = str(database.embedded.socket_directory / ".s.PGSQL.5432")
    async with target.connect(database, settings) as engine:
        password = secrets.token_urlsafe(PASSWORD_RANDOM_BYTES)
        try:
            server = await asyncio.start_server(lambda *streams: proxy_connection(socket_path, *streams), HOST, port)
        except OSError as error:
            raise startup_error.StartupError(
                f"Port {port} of {HOST} cannot be opened: {error.strerror}. Choose another with --port."
            ) from None
        async with engine.begin() as connection:
            await connection.execute(text(f"ALTER ROLE {embedded_server.BROWSER_ROLE} LOGIN PASSWORD '{password}'"))
        try:
            typer.echo(
                f"Host {HOST}, port {server.sockets[0].getsockname()[1]}, database {embedded_server.DATABASE_NAME}, "
                f"user {embedded_server.BROWSER_ROLE}, password {password}\nThe port is open until you press Ctrl-C."
            )
            await wait_forever()
        finally:
            server.close()
            async with engine.begin() as connection:
                await connection.execute(text(f"ALTER ROLE {embedded_server.BROWSER_ROLE} NOLOGIN PASSWORD NULL"))


async def proxy_connection(socket_path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward one client connection to PostgreSQL, if its startup message is allowed."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        startup_message = await check_startup_message(reader, writer)
        if startup_message:
            server_reader, server_writer = await asyncio.open_unix_connection(socket_path)
            server_writer.write(startup_message)
            await asyncio.gather(copy_stream(reader, server_writer), copy_stream(server_reader, writer))
    writer.close()


async def check_startup_message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
    """Read the startup message of a client. Return it if the client may connect, otherwise reject it and return None.

    Requests for encryption are declined, because the connection does not leave this machine.
    Source: PostgreSQL documentation, "Frontend/Backend Protocol", start-up.
    """
    while True:
        header = await reader.readexactly(8)
        length, code = struct.unpack("!II", header)
        if code not in (SSL_REQUEST, GSS_ENCRYPTION_REQUEST):
            break
        writer.write(b"N")
    if not 8 < length <= MAX_STARTUP_MESSAGE_BYTES:
        return None
    body = await reader.readexactly(length - 8)
    if code == CANCEL_REQUEST:
        return header + body
    parameters = body.split(b"\0")
    user = dict(zip(parameters[::2], parameters[1::2], strict=False)).get(b"user")
    if user == embedded_server.BROWSER_ROLE.encode():
        return header + body
    fields = (
        b"SFATAL",
        b"VFATAL",
        b"C28000",  # SQLSTATE invalid_authorization_specification
        b"MOnly the user " + embedded_server.BROWSER_ROLE.encode() + b" can log in through this port.",
    )
    body = b"\0".join(fields) + b"\0\0"
    writer.write(b"E" + struct.pack("!I", len(body) + 4) + body)
    await writer.drain()
    return None


async def copy_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction of a connection until its end, then close the other side."""
    with contextlib.suppress(OSError):
        while data := await reader.read(COPY_BUFFER_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()
