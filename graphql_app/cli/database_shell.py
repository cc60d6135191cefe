"""How to look at the tables: a line for psql, or a TCP port for pgAdmin.

A PostgreSQL of our own has no port: its socket lies in a directory that only its owner may enter, and trusts whoever
gets there. So the port is a door of this process, on 127.0.0.1 and for as long as it runs. It reads the first message
of each connection and turns away every role but one, of which PostgreSQL demands the password that was printed.
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
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
MAX_STARTUP_MESSAGE_BYTES = 10_000


async def show(where: DatabaseTarget, known: Settings, port: int | None) -> None:
    """Print how, and stay until Ctrl-C where a server or a door must be kept open."""
    if port is None:
        typer.echo(where.psql)
        if where.own and where.own.owner:
            typer.echo("PostgreSQL runs until you press Ctrl-C.")
            await forever()
        return
    if where.own is None:
        raise startup_error.StartupError("POSTGRES_URL names a server of yours: connect pgAdmin to that.")
    await open_proxy(where, known, port)


async def forever() -> None:
    """Until Ctrl-C."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def open_proxy(where: DatabaseTarget, known: Settings, port: int) -> None:
    """Listen until Ctrl-C; the role may log in no longer than that."""
    assert where.own
    socket = str(where.own.run / ".s.PGSQL.5432")
    async with target.connect(where, known) as engine:
        password = secrets.token_urlsafe(12)
        try:
            server = await asyncio.start_server(lambda *pair: forward(socket, *pair), HOST, port)
        except OSError as error:
            raise startup_error.StartupError(f"Port {port} of {HOST} cannot be taken: {error.strerror}.") from None
        async with engine.begin() as connection:
            await connection.execute(text(f"ALTER ROLE {embedded_server.BROWSER} LOGIN PASSWORD '{password}'"))
        try:
            typer.echo(
                f"Host {HOST}, port {server.sockets[0].getsockname()[1]}, database {embedded_server.DATABASE}, "
                f"user {embedded_server.BROWSER}, password {password}\nOpen until you press Ctrl-C."
            )
            await forever()
        finally:
            server.close()
            async with engine.begin() as connection:
                await connection.execute(text(f"ALTER ROLE {embedded_server.BROWSER} NOLOGIN PASSWORD NULL"))


async def forward(socket: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        greeting = await check_startup_message(reader, writer)
        if greeting:
            inner_reader, inner_writer = await asyncio.open_unix_connection(socket)
            inner_writer.write(greeting)
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
    writer.close()


async def check_startup_message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
    """The first message that may pass; None when it may not. Encryption is declined: nothing leaves this machine."""
    while True:
        head = await reader.readexactly(8)
        length, code = struct.unpack("!II", head)
        if code not in (SSL, GSS):
            break
        writer.write(b"N")
    if not 8 < length <= MAX_STARTUP_MESSAGE_BYTES:
        return None
    rest = await reader.readexactly(length - 8)
    if code == CANCEL:
        return head + rest
    words = rest.split(b"\0")
    if dict(zip(words[::2], words[1::2], strict=False)).get(b"user") == embedded_server.BROWSER.encode():
        return head + rest
    fields = (
        b"SFATAL",
        b"VFATAL",
        b"C28000",
        b"MOnly the user " + embedded_server.BROWSER.encode() + b" may come in here.",
    )
    body = b"\0".join(fields) + b"\0\0"
    writer.write(b"E" + struct.pack("!I", len(body) + 4) + body)
    await writer.drain()
    return None


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All of one direction; its end is told to the other side."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
