"""A proxy between the app and PostgreSQL that ends a connection after a number of messages of the server."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module
from graphql_app.settings import Settings

ENDINGS = ["closed", "half", "57P01", "late"]
"""How a connection ends: between two messages, within one, after an error of the server, and after that with a message
before it."""


def error_message(sqlstate: str) -> bytes:
    """The ErrorResponse message that PostgreSQL sends before it closes a connection."""
    fields = b"SFATAL\0VFATAL\0C%b\0Mterminating connection\0\0" % sqlstate.encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


class PostgresProxy:
    """A proxy in front of PostgreSQL.

    `cut` is how the connection ends, and after how many more messages. If `stays_down`, it then rejects connections
    until `down` is False.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.cut: tuple[str, int] | None = None
        self.stays_down = self.down = False
        self.was_cut = asyncio.Event()
        self.silence_ended = asyncio.Event()
        """Ends the connections that were cut with the ending `silent`: the server sends nothing more."""

    def url(self, settings: Settings) -> str:
        """The URL of the settings' database through this proxy."""
        assert settings.postgres_url
        url = make_url(settings.postgres_url.get_secret_value()).set(query={"host": str(self.folder)})
        return url.render_as_string(hide_password=False)

    async def wait_until_noticed(self) -> None:
        """Wait until the app has noticed the end: it runs in the same event loop."""
        await self.was_cut.wait()
        for _ in range(10):
            await asyncio.sleep(0)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.close()
            return
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        forwarding = asyncio.create_task(self.forward_requests(reader, to_server))
        try:
            await self.forward_responses(from_server, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            forwarding.cancel()
            to_server.close()
            writer.close()

    async def forward_requests(self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            to_server.write(data)
        to_server.close()

    async def forward_responses(self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await from_server.readexactly(5)
            message = head + await from_server.readexactly(int.from_bytes(head[1:], "big") - 4)
            if self.cut is not None:
                ending, remaining = self.cut
                if remaining == 0:
                    self.cut, self.down = None, self.stays_down
                    self.was_cut.set()
                    if ending == "half":
                        writer.write(message[: len(message) // 2])
                    elif ending == "silent":
                        await self.silence_ended.wait()
                    elif ending == "late":
                        writer.write(message + error_message("57P01"))
                    elif ending != "closed":
                        writer.write(error_message(ending))
                    return
                self.cut = ending, remaining - 1
            writer.write(message)


@asynccontextmanager
async def postgres_proxy(settings: Settings, folder: Path) -> AsyncIterator[PostgresProxy]:
    """A proxy to the database of the settings, with its socket in a new folder below `folder`."""
    assert settings.postgres_url
    socket_directory = make_url(settings.postgres_url.get_secret_value()).query["host"]
    proxy = PostgresProxy(f"{socket_directory}/.s.PGSQL.5432", folder / f"proxy-{uuid.uuid4().hex[:8]}")
    proxy.folder.mkdir()
    server = await asyncio.start_unix_server(proxy.handle, proxy.folder / ".s.PGSQL.5432")
    try:
        yield proxy
    finally:
        proxy.silence_ended.set()
        server.close()


@asynccontextmanager
async def serving(
    proxy: PostgresProxy, settings: Settings, **changes: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """The app with one database connection, which goes through the proxy, and with some settings changed."""
    small = settings.model_copy(update={"pool_size": 1} | changes)
    engine = make_engine(proxy.url(settings), small, scoped=True)
    app = app_module.create_app(small, engine=engine, keyless=True)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client, engine
    finally:
        await engine.dispose()
