"""Slow and malformed clients: the server closes their connections in time, says why, and serves the others."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator

import psutil
import pytest
from starlette.applications import Starlette

from graphql_app.server import uvicorn_protocols
from graphql_app.settings import Settings
from graphql_app.transport import http_request
from tests.support.live_server import RawConnection, raw_post, run_server

LARGE_QUERY = "{ __schema { types { name description fields { name description args { name description } } } } }"
SMALL_REQUEST = b'{"query": "{ viewer { account } }"}'


class ImpatientProtocol(uvicorn_protocols.HttpProtocol):
    """The server's protocol with timeouts below its default of ten seconds, so that the tests are fast."""

    head_timeout_seconds = 0.4
    read_timeout_seconds = 0.4


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    """The port of a running server with short timeouts."""
    async with run_server(app, settings, http=ImpatientProtocol, timeout_keep_alive=1, send_buffer=4096) as number:
        yield number


async def is_healthy(port: int) -> bool:
    """Whether a small query succeeds."""
    async with RawConnection(port) as client:
        await client.send(raw_post(SMALL_REQUEST))
        return b'{"data":{"viewer":{"account":"default"}}}' in await client.receive()


async def wait_until_closed(client: RawConnection) -> tuple[bytes, float]:
    """Everything that a connection received before it was closed, and the seconds until then."""
    started_at = time.monotonic()
    response = await client.receive()
    return response, time.monotonic() - started_at


async def test_a_silent_client_is_disconnected(port: int) -> None:
    async with RawConnection(port) as client:
        response, seconds = await wait_until_closed(client)
    assert response.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_TIMEOUT" in response
    assert 0.3 < seconds < 1


async def test_a_client_that_sends_its_headers_slowly_is_disconnected(port: int) -> None:
    async with RawConnection(port) as client:
        sending = asyncio.create_task(send_slowly(client, raw_post(SMALL_REQUEST)))
        response, seconds = await wait_until_closed(client)
        sending.cancel()
    assert response.startswith(b"HTTP/1.1 408")
    assert 0.3 < seconds < 1
    assert await is_healthy(port)


async def test_the_second_request_of_a_connection_has_the_same_timeout(port: int) -> None:
    async with RawConnection(port) as client:
        await client.send(raw_post(SMALL_REQUEST).replace(b"connection: close", b"connection: keep-alive"))
        assert (await client.reader.readuntil(b"}}}")).startswith(b"HTTP/1.1 200")
        await client.send(b"POST /graphql HT")
        response, seconds = await wait_until_closed(client)
    assert response.startswith(b"HTTP/1.1 408")
    assert 0.3 < seconds < 1


async def test_blank_lines_between_requests_do_not_keep_a_connection_open(port: int) -> None:
    async with RawConnection(port) as client:
        await client.send(raw_post(SMALL_REQUEST).replace(b"connection: close", b"connection: keep-alive"))
        await client.reader.readuntil(b"}}}")
        sending = asyncio.create_task(send_slowly(client, b"\r\n" * 200))
        _, seconds = await wait_until_closed(client)
        sending.cancel()
    assert seconds < 1.5


async def test_a_client_that_sends_its_body_slowly_is_disconnected(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_request, "BODY_TIMEOUT_SECONDS", 0.4)
    async with RawConnection(port) as client:
        await client.send(raw_post(SMALL_REQUEST)[: -len(SMALL_REQUEST)])
        sending = asyncio.create_task(send_slowly(client, SMALL_REQUEST))
        response, seconds = await wait_until_closed(client)
        sending.cancel()
    assert response.startswith(b"HTTP/1.1 408")
    assert b'"code":"REQUEST_TIMEOUT"' in response
    assert 0.3 < seconds < 1
    assert await is_healthy(port)


async def send_slowly(client: RawConnection, data: bytes) -> None:
    """Send one byte every 50 ms."""
    for index in range(len(data)):
        await client.send(data[index : index + 1])
        await asyncio.sleep(0.05)


async def test_a_rejected_body_is_not_read_forever(port: int) -> None:
    head = raw_post(b"x" * 900_000)[:-900_000].replace(b"application/json", b"text/plain")
    async with RawConnection(port) as client:
        await client.send(head.replace(b"connection: close", b"connection: keep-alive"))
        sending = asyncio.create_task(send_slowly(client, b"x" * 200))
        response, seconds = await wait_until_closed(client)
        sending.cancel()
    assert response.startswith(b"HTTP/1.1 415")
    assert seconds < 1.5


async def test_headers_over_the_limit_are_rejected(port: int) -> None:
    for head in (
        raw_post(SMALL_REQUEST, f"x: {'y' * 70_000}"),
        raw_post(SMALL_REQUEST, *(f"x-{n}: y" for n in range(101))),
        b"GET /graphql?query=" + b"x" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 300_000,
    ):
        async with RawConnection(port) as client:
            await client.send(head)
            response, seconds = await wait_until_closed(client)
        assert seconds < 1
        if response:  # a client that is still sending cannot receive the response
            assert response.startswith(b"HTTP/1.1 431")
            assert b"HEADERS_TOO_LARGE" in response
        assert response or len(head) > 100_000
    assert await is_healthy(port)


async def test_a_request_that_is_not_http_is_rejected_with_json(port: int) -> None:
    async with RawConnection(port) as client:
        await client.send(b"\x16\x03\x01\x00\xa5 what is this\r\n\r\n")
        response = await client.receive()
    assert response.startswith(b"HTTP/1.1 400")
    assert b'"code":"BAD_REQUEST"' in response


async def test_a_connection_over_the_limit_gets_503_and_retry_after(app: Starlette, settings: Settings) -> None:
    async with run_server(app, settings, limit_concurrency=3) as port:
        connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        async with RawConnection(port) as client:
            await client.send(raw_post(SMALL_REQUEST))
            response = await client.receive()
        assert response.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in response
        assert b'"code":"UNAVAILABLE"' in response
        for _, writer in connections:
            writer.close()
        await asyncio.sleep(0.05)
        assert await is_healthy(port)


@pytest.mark.parametrize(("connection", "requests"), [("close", 1), ("keep-alive", 1), ("keep-alive", 50)])
async def test_a_client_that_never_reads_the_response_is_disconnected(
    port: int, connection: str, requests: int
) -> None:
    """The kernel buffers a part of the response; the rest would stay in the memory of the server."""
    request = raw_post(json.dumps({"query": LARGE_QUERY}).encode()).replace(b": close", f": {connection}".encode())
    loop = asyncio.get_running_loop()
    with socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        unread.setblocking(False)
        await loop.sock_connect(unread, ("127.0.0.1", port))
        await loop.sock_sendall(unread, request * requests)
        await asyncio.sleep(0.3)
        assert open_connections(port) == 1
        started_at = time.monotonic()
        while open_connections(port) and time.monotonic() - started_at < 5:  # noqa: ASYNC110 there is no event to wait for
            await asyncio.sleep(0.1)
        assert time.monotonic() - started_at < 3


def open_connections(port: int) -> int:
    """Number of connections that the server has open on the port."""
    return sum(
        connection.laddr.port == port and connection.status == psutil.CONN_ESTABLISHED
        for connection in psutil.Process().net_connections("tcp")
    )


async def test_fifty_slow_clients_do_not_delay_others(port: int) -> None:
    slow = [RawConnection(port) for _ in range(50)]
    for client in slow:
        await client.__aenter__()
        await client.send(raw_post(SMALL_REQUEST)[:-5])
    worst = 0.0
    for _ in range(20):
        started_at = time.monotonic()
        assert await is_healthy(port)
        worst = max(worst, time.monotonic() - started_at)
    assert worst < 1
    for client in slow:
        await client.__aexit__()
