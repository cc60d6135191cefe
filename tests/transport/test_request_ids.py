"""Every error carries a request id: the client's own `X-Request-Id` if it is valid, otherwise a generated one."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.live_server import RawConnection, raw_post, run_server
from tests.support.streaming_clients import WebSocketClient

OWN_ID = "import-42.b"
GENERATED = re.compile(r"[0-9a-f]{16}")
INVALID_IDS = ("x", "a b c d e f", "<script>alert(1)</script>", "a" * 65)
QUERY = {"query": "{ viewer { account } }"}


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


def assert_request_id(body: bytes | str, header: str, expected: str | None) -> dict[str, Any]:
    """The only error of a response; its request id is that of the header, and the expected or a generated one."""
    (error,) = json.loads(body)["errors"]
    assert set(error) == {"message", "extensions"}
    assert set(error["extensions"]) == {"code", "requestId"}
    assert error["extensions"]["requestId"] == header
    assert header == expected if expected else GENERATED.fullmatch(header)
    return dict(error["extensions"])


def split_response(raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one HTTP response."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status_line.split()[1]), headers, body


async def test_a_valid_request_id_of_the_client_is_used(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{"}, headers={"x-request-id": OWN_ID})
    assert response.json()["errors"][0]["extensions"]["requestId"] == response.headers["x-request-id"] == OWN_ID


@pytest.mark.parametrize("invalid", INVALID_IDS)
async def test_an_invalid_request_id_is_replaced(client: httpx.AsyncClient, invalid: str) -> None:
    response = await client.post("/graphql", json=QUERY, headers={"x-request-id": invalid})
    assert GENERATED.fullmatch(response.headers["x-request-id"])


@pytest.mark.parametrize("own_id", [OWN_ID, None])
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/graphiql/nothing.js", 404, "NOT_FOUND"),
        ("POST", "/schema.graphql", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/readyz", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/graphql", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_an_error_at_any_url_has_a_request_id(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str, own_id: str | None
) -> None:
    response = await client.request(method, path, headers={"x-request-id": own_id} if own_id else {})
    extensions = assert_request_id(response.content, response.headers["x-request-id"], own_id)
    assert (response.status_code, extensions["code"]) == (status, code)
    assert response.headers.get_list("content-type") == ["application/json; charset=utf-8"]
    assert response.headers.get_list("content-length") == [str(len(response.content))]
    assert len(response.headers.get_list("allow")) == (status == 405)


async def test_an_invalid_request_id_is_replaced_at_other_urls_too(client: httpx.AsyncClient) -> None:
    for invalid in INVALID_IDS:
        response = await client.get("/nowhere", headers={"x-request-id": invalid})
        assert_request_id(response.content, response.headers["x-request-id"], None)


async def test_an_unexpected_exception_outside_the_endpoint_has_a_request_id(
    app: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("graphql_app.observability.metrics.render", fail)
    response = await client.get("/metrics", headers={"x-request-id": OWN_ID})
    assert assert_request_id(response.content, response.headers["x-request-id"], OWN_ID)["code"] == "INTERNAL_ERROR"
    assert response.status_code == 500
    assert "secret" not in response.text


@pytest.mark.parametrize("own_id", [OWN_ID, None])
async def test_a_rejected_handshake_has_a_request_id(port: int, own_id: str | None) -> None:
    headers = {"x-request-id": own_id} if own_id else {}
    url = f"ws://127.0.0.1:{port}"
    for path, origin, status, code in (
        ("/graphql", "https://evil.example", 403, "FORBIDDEN"),
        ("/nowhere", None, 404, "NOT_FOUND"),
        ("/graphiql/socket", None, 404, "NOT_FOUND"),
    ):
        with pytest.raises(websockets.InvalidStatus) as rejected:
            await websockets.connect(
                url + path, subprotocols=[websockets.Subprotocol("graphql-transport-ws")], origin=origin,  # type: ignore[arg-type]
                additional_headers=headers,
            )  # fmt: skip
        response = rejected.value.response
        extensions = assert_request_id(response.body, response.headers["x-request-id"], own_id)
        assert (response.status_code, extensions["code"]) == (status, code)
        assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_a_handshake_rejected_for_too_many_streams_has_a_request_id(
    engine: AsyncEngine, settings: Settings
) -> None:
    full = settings.model_copy(update={"max_streams": 1})
    app = app_module.create_app(full, engine=engine, keyless=True)
    async with app.router.lifespan_context(app), run_server(app, full) as port, WebSocketClient(port):
        with pytest.raises(websockets.InvalidStatus) as rejected:
            await WebSocketClient(port, additional_headers={"x-request-id": OWN_ID}).__aenter__()
    response = rejected.value.response
    assert assert_request_id(response.body, response.headers["x-request-id"], OWN_ID)["code"] == "UNAVAILABLE"
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


async def test_an_error_over_a_websocket_has_a_request_id(port: int) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await socket.subscribe("{")
        (error,) = (await socket.receive())["payload"]
    assert GENERATED.fullmatch(error["extensions"]["requestId"])


@pytest.mark.parametrize(
    ("request_head", "status", "code", "expected"),
    [
        (b"NONSENSE\r\n\r\n", 400, "BAD_REQUEST", None),
        (f"GET / HTTP/1.1\r\nx-request-id: {OWN_ID}\r\nhost: a\x00b\r\n\r\n".encode(), 400, "BAD_REQUEST", OWN_ID),
        (f"GET / HTTP/1.1\r\nx-request-id: {OWN_ID}\r\n".encode() + b"a: b\r\n" * 200 + b"\r\n", 431,
         "HEADERS_TOO_LARGE", OWN_ID),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431, "HEADERS_TOO_LARGE", None),
    ],
)  # fmt: skip
async def test_a_request_that_is_rejected_by_the_protocol_has_a_request_id(
    port: int, request_head: bytes, status: int, code: str, expected: str | None
) -> None:
    async with RawConnection(port) as wire:
        await wire.send(request_head)
        response = split_response(await wire.receive())
    assert assert_request_id(response[2], response[1]["x-request-id"], expected)["code"] == code
    assert response[0] == status


async def test_a_rejected_connection_has_a_request_id(app: Starlette, settings: Settings) -> None:
    one_connection = settings.model_copy(update={"max_connections": 1})
    async with run_server(app, one_connection) as port, RawConnection(port), RawConnection(port) as second:
        await asyncio.sleep(0.05)
        await second.send(raw_post(json.dumps(QUERY).encode(), f"x-request-id: {OWN_ID}"))
        status, headers, body = split_response(await second.receive())
    assert assert_request_id(body, headers["x-request-id"], OWN_ID)["code"] == "UNAVAILABLE"
    assert status == 503


async def test_the_log_names_the_request_id_of_an_error(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "graphql_app.requests"):
        await client.get("/nowhere", headers={"x-request-id": OWN_ID})
    assert [record.getMessage() for record in caplog.records if record.name == "graphql_app.requests"] == [
        f"{OWN_ID} NOT_FOUND 'No resource exists at this URL.'"
    ]
