"""Shutdown with clients in every state, and the number and lifetime of idle connections: real processes and sockets."""

import asyncio
import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from graphql_app.server import startup, uvicorn_protocols
from graphql_app.settings import Settings
from tests.support.live_server import RawConnection, raw_post, run_server
from tests.support.server_process import started

QUERY = b'{"query": "{ viewer { account } }"}'
KEEP_ALIVE = raw_post(QUERY).replace(b"connection: close", b"connection: keep-alive")
HALF_SENT = raw_post(b"x" * 1000)[:-500]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_port_is_closed_while_a_half_sent_request_delays_the_exit(server_folder: Path, workers: str) -> None:
    with started(
        "serve", "--port", "0", "--workers", workers,
        SHIPMENTS_DATA_DIR=str(server_folder / "shutdown"), SHIPMENTS_DEMO="false",
    ) as program:  # fmt: skip
        url = httpx.URL(program.url)
        assert httpx.get(f"{url}/livez", timeout=20).text == "ok\n"
        address = (url.host, url.port or 0)
        with socket.create_connection(address) as half_sent:
            half_sent.sendall(HALF_SENT)
            time.sleep(0.3)
            program.process.send_signal(signal.SIGTERM)
            refused_while_running = False
            while program.process.poll() is None and not refused_while_running:
                try:
                    socket.create_connection(address, timeout=1).close()
                except ConnectionRefusedError:
                    refused_while_running = program.process.poll() is None
                time.sleep(0.02)
            assert refused_while_running
            assert program.process.wait(uvicorn_protocols.GRACEFUL_SHUTDOWN_SECONDS) == 0
    assert "Traceback" not in program.output, program.output


def test_clients_that_wait_for_the_start_get_503_if_it_is_ended() -> None:
    with pytest.raises(SystemExit), startup.listen("127.0.0.1", 0) as listener:  # noqa: PT012 the block must be left
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        for client in clients[1:]:
            client.sendall(KEEP_ALIVE)
        startup.exit_on_signal(signal.SIGTERM, None)
    for client in clients:
        with client:
            response = b"".join(iter(lambda client=client: client.recv(65_536), b""))
        head, _, body = response.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable")
        assert b"retry-after: 1" in head
        (error,) = json.loads(body)["errors"]
        assert error["extensions"]["code"] == "UNAVAILABLE"


async def request(connection: RawConnection) -> bytes:
    """Send one request on a connection that stays open, and return the response."""
    await connection.send(KEEP_ALIVE)
    return await connection.reader.readuntil(b"}}}")


async def test_a_new_connection_replaces_the_longest_idle_one(app: Starlette, settings: Settings) -> None:
    async with (
        run_server(app, settings, limit_concurrency=3) as port,
        RawConnection(port) as first,
        RawConnection(port) as second,
        RawConnection(port) as third,
    ):
        for connection in (first, second, third, first):
            assert (await request(connection)).startswith(b"HTTP/1.1 200")
        async with RawConnection(port) as fourth:
            assert (await request(fourth)).startswith(b"HTTP/1.1 200")
            assert await second.reader.read() == b"", "the server has closed it"
            for connection in (first, third, fourth):
                assert (await request(connection)).startswith(b"HTTP/1.1 200")


async def test_an_idle_connection_is_closed_after_the_timeout(app: Starlette, settings: Settings) -> None:
    short = settings.model_copy(update={"keep_alive_timeout": 1})
    async with run_server(app, short) as port, RawConnection(port) as connection:
        assert (await request(connection)).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.5)
        assert (await request(connection)).startswith(b"HTTP/1.1 200")
        assert await connection.receive() == b""
    assert len(uvicorn_protocols.IDLE_CONNECTIONS) == 0


def test_idle_connections_live_longer_than_those_of_common_proxies_by_default(settings: Settings) -> None:
    assert uvicorn_protocols.config(None, settings).timeout_keep_alive == 75


async def test_a_client_that_does_not_read_is_disconnected_before_the_shutdown_ends(
    app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphql_app.server.slow_readers.STALLED_CLIENT_SECONDS", 0.5)
    query = b'{"query": "{ __schema { types { name description fields { name description args { name } } } } }"}'
    loop = asyncio.get_running_loop()
    with socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        unread.setblocking(False)
        async with asyncio.timeout(8):
            async with run_server(app, settings, send_buffer=4096) as port:
                await loop.sock_connect(unread, ("127.0.0.1", port))
                await loop.sock_sendall(unread, raw_post(query).replace(b": close", b": keep-alive") * 20)
                await asyncio.sleep(0.3)
