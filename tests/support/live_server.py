"""The app on a real socket, and raw HTTP for requests that a client library would not send."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.server import app as app_module
from graphql_app.server import uvicorn_protocols
from graphql_app.settings import Settings


@asynccontextmanager
async def run_server(app: Any, settings: Settings, *, send_buffer: int = 0, **options: Any) -> AsyncIterator[int]:
    """Run a server in this event loop; yields its port. `send_buffer`: size of the socket's send buffer in bytes."""
    listener = socket.socket()
    if send_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn_protocols.config(app, settings, log_config=None, lifespan="off", **options))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 uvicorn offers no event for it
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def client_with_settings(
    engine: AsyncEngine, settings: Settings, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with some settings changed. The app is its `transport.app`."""
    app = app_module.create_app(settings.model_copy(update=changes), engine=engine, keyless=True)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


class RawConnection:
    """One TCP connection to the server."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, within: float = 5.0) -> bytes:
        """All bytes until the server closes the connection, or resets it because it did not read the whole request."""
        parts = []
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionResetError):
                while part := await self.reader.read(65_536):
                    parts.append(part)
        return b"".join(parts)


def raw_post(body: bytes, *headers: str) -> bytes:
    """The bytes of a POST with `connection: close`."""
    lines = [
        "POST /graphql HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", "connection: close",
        f"content-length: {len(body)}", *headers, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + body
