"""Errors are in the words of the API, never in those of a library, and name the character or place that is wrong."""

import json

import httpx
import pytest
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.live_server import RawConnection, run_server
from tests.support.mutation_client import MutationClient

JSON_HEADERS = {"content-type": "application/json"}
HANDSHAKE = b"GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
VALID_HANDSHAKE = (
    HANDSHAKE + b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"query": "\xff"}', "The body is not valid UTF-8 (byte 12)."),
        (b'{"query": "{__typename} #\xed\xa0\x80"}', "The body is not valid UTF-8 (byte 26)."),
        (b"\xef\xbb\xbf{}", "The body must not start with a byte order mark."),
        (b'{"query": "\\ud800"}', "The body contains an unpaired surrogate at line 1, column 12."),
        (b'{"query":\n NaN}', "The body is not valid JSON at line 2, column 2."),
        (b'{"query": "{__typename}"', "The body is not valid JSON at line 1, column 25."),
        (b"[1,]", "The body is not valid JSON at line 1, column 3."),
        (b"query", "The body is not valid JSON at line 1, column 1."),
    ],
)
async def test_a_body_that_cannot_be_parsed_is_rejected_with_the_place(
    client: httpx.AsyncClient, body: bytes, message: str
) -> None:
    response = await client.post("/graphql", content=body, headers=JSON_HEADERS)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"], error["message"]) == (400, "BAD_REQUEST", message)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"a\0b": 1}, r"The key 'a\x00b' must not contain the character U+0000 (NUL), which PostgreSQL cannot store."),
        ({"outer": {"\0": 1}}, r"The key '\x00' must not contain the character U+0000 (NUL), which PostgreSQL cannot "
            "store."),
        ({"k" * 101: 1}, "Keys must be at most 100 characters."),
        ({"a": ["\0"]}, "A string must not contain the character U+0000 (NUL), which PostgreSQL cannot store."),
    ],
)  # fmt: skip
async def test_an_error_in_metadata_names_the_key_or_the_character(
    mutations: MutationClient, metadata: dict[str, object], message: str
) -> None:
    created = await mutations.create(metadata=metadata)
    shipment = await mutations.created()
    updated = await mutations.update(shipment["id"], {"metadataSet": metadata})
    for payload, field in ((created, "metadata"), (updated, "metadataSet")):
        (error,) = payload["errors"]
        assert (error["path"], error["message"]) == (["input", field], message)


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("2026-13-01T10:00:00Z", "there is no such time in the years 1 to 9999."),
        ("2026-03-01T25:00:00Z", "there is no such time in the years 1 to 9999."),
    ],
)
async def test_a_time_that_does_not_exist_is_reported_without_words_of_the_parser(
    mutations: MutationClient, time: str, message: str
) -> None:
    (error,) = (await mutations.create(promisedTo=time))["errors"]
    assert error["message"] == f"'{time}' is not a valid DateTime: {message}"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HANDSHAKE + b"\r\n", 400),
        (HANDSHAKE + b"sec-websocket-version: 13\r\nsec-websocket-key: short\r\n\r\n", 400),
        (HANDSHAKE.replace(b"GET", b"POST") + b"sec-websocket-version: 13\r\n\r\n", 405),
        (b"\x16\x03\x01 what is this\r\n\r\n", 400),
    ],
)
async def test_an_invalid_handshake_or_request_is_rejected_with_json(
    app: Starlette, settings: Settings, head: bytes, status: int
) -> None:
    async with run_server(app, settings) as port, RawConnection(port) as connection:
        await connection.send(head.replace(b"\r\n\r\n", b"\r\nx-request-id: abcd-1234-abcd\r\n\r\n"))
        response = await connection.receive()
    lines, _, body = response.partition(b"\r\n\r\n")
    assert lines.startswith(f"HTTP/1.1 {status}".encode()), response
    (error,) = json.loads(body)["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    if head.startswith(b"\x16"):
        assert error["message"] == "The request is not valid HTTP/1.1."
    else:
        assert error["message"].startswith("The WebSocket handshake is invalid. Send a GET")
        assert error["extensions"]["requestId"] == "abcd-1234-abcd"
        assert b"x-request-id: abcd-1234-abcd" in lines


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        (b"\x83\x80\0\0\0\0", 1002, "The frame violates RFC 6455."),
        (b"\x81\x05hello", 1002, "The frame violates RFC 6455."),
        (b"\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0", 1009, "Messages must be at most 65536 bytes."),
        (b"\x81\x81\0\0\0\0\xff", 1007, "Text messages must be UTF-8."),
    ],
)
async def test_a_socket_is_closed_with_a_reason_of_the_api(
    app: Starlette, settings: Settings, frame: bytes, code: int, reason: str
) -> None:
    async with run_server(app, settings) as port, RawConnection(port) as connection:
        await connection.send(VALID_HANDSHAKE)
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(frame)
        received = await connection.receive()
    assert received[:2] == bytes([0x88, 2 + len(reason)]), received
    assert (int.from_bytes(received[2:4]), received[4:].decode()) == (code, reason)
