"""The app behind a real socket, and HTTP as one types it: for what a client library would not let happen."""

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
async def serving(app: Any, settings: Settings, *, send_buffer: int = 0, **more: Any) -> AsyncIterator[int]:
    """The port of a server that runs in this loop."""
    listener = socket.socket()
    if send_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    listener.bind(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn_protocols.config(app, settings, log_config=None, lifespan="off", **more))
    task = asyncio.create_task(running.serve(sockets=[listener]))
    while not running.started:  # noqa: ASYNC110 uvicorn has nothing else to wait for
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        running.should_exit = True
        await task


@asynccontextmanager
async def client_of(engine: AsyncEngine, settings: Settings, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app whose settings are others in some points; the app is its `transport.app`."""
    app = app_module.create_app(settings.model_copy(update=changes), engine=engine, keyless=True)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


class Wire:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, within: float = 5.0) -> bytes:
        """All that comes until the other side closes, or resets what it did not want to read to the end."""
        parts = []
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionResetError):
                while part := await self.reader.read(65_536):
                    parts.append(part)
        return b"".join(parts)


def posted(body: bytes, *headers: str) -> bytes:
    """The bytes of a POST, after whose answer the connection is closed."""
    lines = [
        "POST /graphql HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", "connection: close",
        f"content-length: {len(body)}", *headers, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + body
