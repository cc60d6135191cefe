"""A real server and clients that keep it waiting: each is closed in time, told why, and costs nobody else anything."""

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
from tests.support.live_server import Wire, posted, serving

LARGE = "{ __schema { types { name description fields { name description args { name description } } } } }"
HEALTH = b'{"query": "{ viewer { account } }"}'


class Hasty(uvicorn_protocols.HttpProtocol):
    """The server's protocol with other numbers, so that tests need not wait for ten seconds."""

    head_timeout = 0.4
    read_timeout = 0.4


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with serving(app, settings, http=Hasty, timeout_keep_alive=1, send_buffer=4096) as made:
        yield made


async def is_well(port: int) -> bool:
    async with Wire(port) as line:
        await line.send(posted(HEALTH))
        return b'{"data":{"viewer":{"account":"default"}}}' in await line.receive()


async def closed_after(line: Wire) -> tuple[bytes, float]:
    """What a connection was told before it was closed, and when."""
    begun = time.monotonic()
    said = await line.receive()
    return said, time.monotonic() - begun


async def test_a_silent_client_is_closed(port: int) -> None:
    async with Wire(port) as line:
        said, seconds = await closed_after(line)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_TIMEOUT" in said
    assert 0.3 < seconds < 1


async def test_a_client_that_drips_its_headers_is_closed(port: int) -> None:
    async with Wire(port) as line:
        drip = asyncio.create_task(dripping(line, posted(HEALTH)))
        said, seconds = await closed_after(line)
        drip.cancel()
    assert said.startswith(b"HTTP/1.1 408")
    assert 0.3 < seconds < 1
    assert await is_well(port)


async def test_the_second_request_of_a_connection_is_not_waited_for_either(port: int) -> None:
    async with Wire(port) as line:
        await line.send(posted(HEALTH).replace(b"connection: close", b"connection: keep-alive"))
        assert (await line.reader.readuntil(b"}}}")).startswith(b"HTTP/1.1 200")
        await line.send(b"POST /graphql HT")
        said, seconds = await closed_after(line)
    assert said.startswith(b"HTTP/1.1 408")
    assert 0.3 < seconds < 1


async def test_noise_between_requests_keeps_no_connection_open(port: int) -> None:
    async with Wire(port) as line:
        await line.send(posted(HEALTH).replace(b"connection: close", b"connection: keep-alive"))
        await line.reader.readuntil(b"}}}")
        drip = asyncio.create_task(dripping(line, b"\r\n" * 200))
        _, seconds = await closed_after(line)
        drip.cancel()
    assert seconds < 1.5


async def test_a_client_that_drips_its_body_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_request, "BODY_TIMEOUT_SECONDS", 0.4)
    async with Wire(port) as line:
        await line.send(posted(HEALTH)[: -len(HEALTH)])
        drip = asyncio.create_task(dripping(line, HEALTH))
        said, seconds = await closed_after(line)
        drip.cancel()
    assert said.startswith(b"HTTP/1.1 408")
    assert b'"code":"REQUEST_TIMEOUT"' in said
    assert 0.3 < seconds < 1
    assert await is_well(port)


async def dripping(line: Wire, data: bytes) -> None:
    for at in range(len(data)):
        await line.send(data[at : at + 1])
        await asyncio.sleep(0.05)


async def test_a_refused_body_that_goes_on_is_not_read_for_ever(port: int) -> None:
    head = posted(b"x" * 900_000)[:-900_000].replace(b"application/json", b"text/plain")
    async with Wire(port) as line:
        await line.send(head.replace(b"connection: close", b"connection: keep-alive"))
        drip = asyncio.create_task(dripping(line, b"x" * 200))
        said, seconds = await closed_after(line)
        drip.cancel()
    assert said.startswith(b"HTTP/1.1 415")
    assert seconds < 1.5


async def test_headers_beyond_the_limit_are_refused(port: int) -> None:
    for head in (
        posted(HEALTH, f"x: {'y' * 70_000}"),
        posted(HEALTH, *(f"x-{n}: y" for n in range(101))),
        b"GET /graphql?query=" + b"x" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 300_000,
    ):
        async with Wire(port) as line:
            await line.send(head)
            said, seconds = await closed_after(line)
        assert seconds < 1
        if said:  # nothing can be heard by a client that was still sending
            assert said.startswith(b"HTTP/1.1 431")
            assert b"HEADERS_TOO_LARGE" in said
        assert said or len(head) > 100_000
    assert await is_well(port)


async def test_what_is_not_http_is_refused_with_json(port: int) -> None:
    async with Wire(port) as line:
        await line.send(b"\x16\x03\x01\x00\xa5 what is this\r\n\r\n")
        said = await line.receive()
    assert said.startswith(b"HTTP/1.1 400")
    assert b'"code":"BAD_REQUEST"' in said


async def test_one_connection_too_many_is_told_to_come_again(app: Starlette, settings: Settings) -> None:
    async with serving(app, settings, limit_concurrency=3) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        async with Wire(port) as line:
            await line.send(posted(HEALTH))
            said = await line.receive()
        assert said.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in said
        assert b'"code":"UNAVAILABLE"' in said
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        assert await is_well(port)


@pytest.mark.parametrize(("connection", "requests"), [("close", 1), ("keep-alive", 1), ("keep-alive", 50)])
async def test_an_answer_that_is_never_read_is_cut_off(port: int, connection: str, requests: int) -> None:
    """The kernel takes some of it; what it does not take would stay in our memory as long as the client likes."""
    request = posted(json.dumps({"query": LARGE}).encode()).replace(b": close", f": {connection}".encode())
    loop = asyncio.get_running_loop()
    with socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        unread.setblocking(False)
        await loop.sock_connect(unread, ("127.0.0.1", port))
        await loop.sock_sendall(unread, request * requests)
        await asyncio.sleep(0.3)
        assert connections_of(port) == 1
        begun = time.monotonic()
        while connections_of(port) and time.monotonic() - begun < 5:  # noqa: ASYNC110 the kernel tells nobody
            await asyncio.sleep(0.1)
        assert time.monotonic() - begun < 3


def connections_of(port: int) -> int:
    """Connections that the server still holds."""
    return sum(
        one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED
        for one in psutil.Process().net_connections("tcp")
    )


async def test_fifty_slow_clients_delay_nobody(port: int) -> None:
    slow = [Wire(port) for _ in range(50)]
    for line in slow:
        await line.__aenter__()
        await line.send(posted(HEALTH)[:-5])
    worst = 0.0
    for _ in range(20):
        begun = time.monotonic()
        assert await is_well(port)
        worst = max(worst, time.monotonic() - begun)
    assert worst < 1
    for line in slow:
        await line.__aexit__()
