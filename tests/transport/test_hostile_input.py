"""Hostile input. Each request is rejected with its code, quickly and in little memory; the next one is executed."""

import gzip
import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

JSON = {"content-type": "application/json", "accept": "application/graphql-response+json"}
HEALTH = {"query": "{ viewer { account } }"}
MAX_CPU_SECONDS = 0.5
"""CPU time of this process, which does not depend on the load of the machine."""
MAX_MEMORY_GROWTH_BYTES = 50_000_000
SEARCH = "query($s: String) { shipments(search: $s) { nodes { id } } }"
AFTER = "query($c: String) { shipments(after: $c) { nodes { id } } }"
WHERE = "query($where: ShipmentWhere) { shipments(where: $where) { nodes { id } pageInfo { hasNextPage } } }"


class Probe(NamedTuple):
    """A request body and the code with which it is rejected; None if it is harmless and executed."""

    body: bytes
    code: str | None


def body(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


def raw_variable(type_: str, json_text: str) -> bytes:
    """A request whose variable is the given JSON text."""
    query = json.dumps(f"query($x: {type_}) {{ shipments(first: $x) {{ nodes {{ id }} }} }}")
    return f'{{"query": {query}, "variables": {{"x": {json_text}}}}}'.encode()


def where(**filters: Any) -> bytes:
    return body(WHERE, where=filters)


def repeated(pattern: str, number: int) -> str:
    return " ".join(pattern.replace("#", str(n)) for n in range(number))


FLOODS = {
    "aliases": Probe(body("{" + repeated("a#:viewer{account}", 500) + "}"), "LIMIT_EXCEEDED"),
    "the same field": Probe(body("{viewer{" + "account " * 2900 + "}}"), "LIMIT_EXCEEDED"),
    "unknown fields": Probe(body("{viewer{" + repeated("accoun#", 490) + "}}"), "GRAPHQL_VALIDATION_FAILED"),
    "directives": Probe(body("{viewer{account " + "@skip(if:true)" * 500 + "}}"), "LIMIT_EXCEEDED"),
    "unknown directives": Probe(body("{viewer{account " + repeated("@x#", 50) + "}}"), "GRAPHQL_VALIDATION_FAILED"),
    "fragments": Probe(body("{viewer{account}}" + repeated("fragment F# on Viewer{account}", 400)), "LIMIT_EXCEEDED"),
    "circular fragments": Probe(
        body("{viewer{...F0}}" + "".join(f"fragment F{n} on Viewer{{...F{(n + 1) % 50}}}" for n in range(50))),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "circular fragments with branches": Probe(
        body("{viewer{...A}} fragment A on Viewer{a{...B ...A} b{...A}} fragment B on Viewer{...A c{...B}}"),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "fragments that double": Probe(
        body("{viewer{...F0}}" + "".join(f"fragment F{n} on Viewer{{...F{n + 1} ...F{n + 1}}}" for n in range(28))
             + "fragment F28 on Viewer{account}"), "LIMIT_EXCEEDED"),
    "nested introspection": Probe(
        body("{__schema{types" + "{fields{type" * 12 + "{name}" + "}}" * 12 + "}}"), "GRAPHQL_VALIDATION_FAILED"),
    "nested selections": Probe(body("{" + "a{" * 5000 + "b" + "}" * 5001), "GRAPHQL_PARSE_FAILED"),
    "nested lists": Probe(body("{node(id:" + "[" * 5000 + "]" * 5000 + "){id}}"), "GRAPHQL_PARSE_FAILED"),
    "comments": Probe(body("{viewer{account}}" + "#\n" * 15_000), "LIMIT_EXCEEDED"),
    "a huge comment": Probe(body("{viewer{account}} #" + "x" * 1_500_000), "LIMIT_EXCEEDED"),
    "a huge name": Probe(body("{viewer{" + "a" * 31_000 + "}}"), "GRAPHQL_VALIDATION_FAILED"),
    "a huge string": Probe(body('{carrier(code:"' + "x" * 31_000 + '"){id}}'), "LIMIT_EXCEEDED"),
    "a huge number": Probe(body("{shipments(first:" + "9" * 10_000 + "){nodes{id}}}"), "LIMIT_EXCEEDED"),
    "definitions of types": Probe(body(repeated("type T#{a:Int}", 200)), "LIMIT_EXCEEDED"),
    "nothing": Probe(body(""), "BAD_REQUEST"),
    "a blank": Probe(body(" "), "GRAPHQL_PARSE_FAILED"),
}  # fmt: skip

VALUES = {
    "alternatives": Probe(where(OR=[{"phase": "ACTIVE"}] * 700), "LIMIT_EXCEEDED"),
    "more alternatives": Probe(where(OR=[{"phase": "ACTIVE"}] * 6000), "LIMIT_EXCEEDED"),
    "conditions on metadata": Probe(where(metadata=[{"key": "a", "value": {"eq": "b"}}] * 700), "LIMIT_EXCEEDED"),
    "values of an enum": Probe(where(status={"notIn": ["DRAFT"] * 10_000}), None),
    "10,000 values of `in`": Probe(where(number={"in": ["SHP-1"] * 10_000}), None),
    "a long text to search": Probe(where(number={"contains": "%" * 100_000}), "LIMIT_EXCEEDED"),
    "many words to search": Probe(
        body(SEARCH, s="a " * 30_000), "LIMIT_EXCEEDED"),
    "a weight that is too large": Probe(
        where(totalWeight={"gte": {"value": "9" * 30, "unit": "LB"}}), "BAD_USER_INPUT"),
    "NOT upon NOT": Probe(
        b'{"query": "{__typename}", "variables": {"where": ' + b'{"NOT": ' * 40 + b"{}" + b"}" * 42, "LIMIT_EXCEEDED"),
    "a list of a million": Probe(
        b'{"query": "{__typename}", "variables": {"x": [' + b"1," * 900_000 + b"1]}}", "LIMIT_EXCEEDED"),
    "a hundred thousand variables": Probe(
        json.dumps({"query": "{__typename}", "variables": {f"v{n}": n for n in range(100_000)}}).encode(),
        "LIMIT_EXCEEDED"),
    "JSON 100,000 levels deep": Probe(
        b'{"query": "{__typename}", "variables": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "LIMIT_EXCEEDED"),
    "two million brackets": Probe(b"{" * 1_999_999, "LIMIT_EXCEEDED"),
    "an unterminated string": Probe(b'{"query": "' + b"\\\\" * 900_000, "BAD_REQUEST"),
    "two million quotes": Probe(b'"' * 1_999_999, "BAD_REQUEST"),
    "a date beyond the calendar": Probe(where(createdAt={"gte": "9999-12-31T23:59:59-12:00"}), None),
    "a date before the calendar": Probe(where(createdAt={"gte": "0001-01-01T00:00:00+12:00"}), None),
}  # fmt: skip

TRACK = "query($n: String!) { track(trackingNumber: $n) { id } }"

CHARACTERS = {
    "NUL in the JSON": Probe(b'{"query": "{__typename}"\x00}', "BAD_REQUEST"),
    "NUL in the document": Probe(body("{viewer{account}\0}"), "GRAPHQL_PARSE_FAILED"),
    "NUL in a literal": Probe(body('{carrier(code:"a\\u0000b"){id}}'), "BAD_USER_INPUT"),
    "NUL in a code": Probe(body("query($c: String!) { carrier(code: $c) { id } }", c="\0"), "BAD_USER_INPUT"),
    "NUL in a search": Probe(body(SEARCH, s="a\0b"), "BAD_USER_INPUT"),
    "NUL in a filter": Probe(where(metadata=[{"key": "\0"}]), "BAD_USER_INPUT"),
    "NUL in an id": Probe(body("query($i: ID!) { node(id: $i) { id } }", i="shp_\0"), None),
    "NUL in a cursor": Probe(body(AFTER, c="\0"), "INVALID_CURSOR"),
    "NUL in a tracking number": Probe(body(TRACK, n="\0"), "BAD_USER_INPUT"),
    "a lone surrogate as operationName": Probe(b'{"query": "{__typename}", "operationName": "\\ud800"}', "BAD_REQUEST"),
    "a lone surrogate in a variable": Probe(b'{"query": "{__typename}", "variables": {"\\udfff": 1}}', "BAD_REQUEST"),
    "a lone surrogate in the document": Probe(b'{"query": "{carrier(code:\\"\\ud800\\"){id}}"}', "BAD_REQUEST"),
    "a lone surrogate, escaped": Probe(body('{carrier(code:"\\uD800"){id}}'), "GRAPHQL_PARSE_FAILED"),
    "beyond Unicode, escaped": Probe(body('{carrier(code:"\\u{110000}"){id}}'), "GRAPHQL_PARSE_FAILED"),
    "invalid UTF-8": Probe(b'{"query": "{__typename} #\xff\xfe"}', "BAD_REQUEST"),
    "overlong UTF-8": Probe(b'{"query": "{__typename} #\xc0\xaf"}', "BAD_REQUEST"),
    "UTF-16": Probe('{"query": "{__typename}"}'.encode("utf-16"), "BAD_REQUEST"),
    "a byte order mark": Probe(b'\xef\xbb\xbf{"query": "{__typename}"}', "BAD_REQUEST"),
}  # fmt: skip

NUMBERS = {
    "NaN": Probe(raw_variable("Int", "NaN"), "BAD_REQUEST"),
    "Infinity": Probe(raw_variable("Int", "-Infinity"), "BAD_REQUEST"),
    "1e400": Probe(raw_variable("Int", "1e400"), "BAD_REQUEST"),
    "1e400 in the document": Probe(
        body("{shipments(where:{totalWeight:{gte:{value:1e400,unit:KG}}}){nodes{id}}}"), "GRAPHQL_VALIDATION_FAILED"),
    "beyond 32 bits": Probe(raw_variable("Int", "2147483648"), "BAD_USER_INPUT"),
    "beyond 63 bits": Probe(raw_variable("Int", "9223372036854775808"), "BAD_USER_INPUT"),
    "beyond 64 bits": Probe(raw_variable("Int", "18446744073709551616"), "BAD_REQUEST"),
    "ten thousand digits": Probe(raw_variable("Int", "9" * 10_000), "BAD_REQUEST"),
    "not whole": Probe(raw_variable("Int", "1.5"), "BAD_USER_INPUT"),
    "true": Probe(raw_variable("Int", "true"), "BAD_USER_INPUT"),
    "a text": Probe(raw_variable("Int", '"5"'), "BAD_USER_INPUT"),
    "hexadecimal": Probe(raw_variable("Int", "0x10"), "BAD_REQUEST"),
    "negative": Probe(raw_variable("Int", "-1"), "BAD_USER_INPUT"),
}  # fmt: skip

FORGED = {
    "an id of another kind": Probe(body('{node(id:"xyz_00000000000000000000000000000000"){id}}'), None),
    "an id with SQL": Probe(body("query($i: ID!) { node(id: $i) { id } }", i="shp_' OR 1=1 --"), None),
    "an id that is a number": Probe(body("{node(id:99999999999999999999){id}}"), None),
    "invalid ids": Probe(
        body("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=["", "shp_", "x" * 10_000, "shp_" + "f" * 32]), None),
    "a cursor of nonsense": Probe(body('{shipments(after:"x"){nodes{id}}}'), "INVALID_CURSOR"),
    "a cursor of base64": Probe(body('{shipments(after:"MTIzNDU2Nzg5MA=="){nodes{id}}}'), "INVALID_CURSOR"),
    "a cursor of 100,000 characters": Probe(
        body(AFTER, c="A" * 100_000), "INVALID_CURSOR"),
    "an enum with SQL": Probe(where(status={"eq": "DELIVERED'; DROP TABLE shipment"}), "BAD_USER_INPUT"),
    "an unknown filter": Probe(where(__proto__={"eq": 1}), "BAD_USER_INPUT"),
    "two keys in a oneOf input": Probe(
        body("query($b: ShipmentBy!) { shipment(by: $b) { id } }", b={"id": "a", "number": "b"}), "BAD_USER_INPUT"),
    "no key in a oneOf input": Probe(
        body("query($b: ShipmentBy!) { shipment(by: $b) { id } }", b={}), "BAD_USER_INPUT"),
    "an alias that is a keyword": Probe(body('{__proto__:viewer{toString:account}}'), None),
}  # fmt: skip

BODIES = {
    "null": Probe(b"null", "BAD_REQUEST"),
    "a number": Probe(b"1", "BAD_REQUEST"),
    "a string": Probe(b'"x"', "BAD_REQUEST"),
    "true": Probe(b"true", "BAD_REQUEST"),
    "an empty object": Probe(b"{}", "BAD_REQUEST"),
    "an empty list": Probe(b"[]", "BAD_REQUEST"),
    "nothing": Probe(b"", "BAD_REQUEST"),
    "blanks": Probe(b" " * 100_000, "BAD_REQUEST"),
    "two values": Probe(b'{"query":"{__typename}"}{"query":"{__typename}"}', "BAD_REQUEST"),
    "a part of a form": Probe(b'--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{}', "BAD_REQUEST"),
}  # fmt: skip

GROUPS = {
    "flood": FLOODS,
    "values": VALUES,
    "characters": CHARACTERS,
    "numbers": NUMBERS,
    "forged": FORGED,
    "body": BODIES,
}
PROBES = {f"{group}: {name}": probe for group, probes in GROUPS.items() for name, probe in probes.items()}


@pytest.fixture(autouse=True)
async def healthy(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """After each test the next request is executed, and memory has not grown."""
    assert (await client.post("/graphql", json=HEALTH)).status_code == 200
    before = psutil.Process().memory_info().rss
    yield
    started_at = time.process_time()
    response = await client.post("/graphql", json=HEALTH)
    assert response.json() == {"data": {"viewer": {"account": "default"}}}
    assert time.process_time() - started_at < MAX_CPU_SECONDS
    assert psutil.Process().memory_info().rss - before < MAX_MEMORY_GROWTH_BYTES


def error_code(response: httpx.Response) -> str | None:
    """The code of the first error; errors are few and short, and contain no internals. None without errors."""
    errors = response.json().get("errors", [])
    assert len(errors) <= 20
    assert all(len(error["message"]) <= 300 for error in errors)
    assert len(response.content) < 20_000
    for internal in ("Traceback", "site-packages", "asyncpg", "sqlalchemy", "SELECT", "psycopg", ".py"):
        assert internal not in response.text
    return errors[0]["extensions"]["code"] if errors else None


@pytest.mark.parametrize("name", PROBES)
async def test_hostile_input_is_rejected_quickly(client: httpx.AsyncClient, name: str) -> None:
    probe = PROBES[name]
    started_at = time.process_time()
    response = await client.post("/graphql", content=probe.body, headers=JSON)
    assert time.process_time() - started_at < MAX_CPU_SECONDS
    assert error_code(response) == probe.code, response.text
    assert response.status_code in (200, 400)


async def test_a_compressed_body_is_rejected_without_decompression(client: httpx.AsyncClient) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    for encoding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
        response = await client.post("/graphql", content=bomb, headers=JSON | {"content-encoding": encoding})
        assert (response.status_code, error_code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_the_body_is_limited_whatever_its_content_length_says(client: httpx.AsyncClient) -> None:
    for length in ("9" * 40, "2000001"):
        response = await client.post("/graphql", content=b"{}", headers=JSON | {"content-length": length})
        assert (response.status_code, error_code(response)) == (413, "PAYLOAD_TOO_LARGE")

    async def ten_megabytes() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    response = await client.post("/graphql", content=ten_megabytes(), headers=JSON)
    assert (response.status_code, error_code(response)) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "form",
    [
        {"content": json.dumps(HEALTH), "headers": {"content-type": "text/plain"}},
        {"content": json.dumps(HEALTH), "headers": {"content-type": "text/plain; application/json"}},
        {"data": HEALTH},
        {"data": {"operations": json.dumps(HEALTH), "map": "{}"}, "files": {"0": b"x"}},
    ],
)
async def test_a_form_of_another_site_is_rejected(client: httpx.AsyncClient, form: dict[str, Any]) -> None:
    response = await client.post("/graphql", **form)
    assert (response.status_code, error_code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_hostile_headers_are_handled(client: httpx.AsyncClient) -> None:
    for headers in (
        {"accept": "," * 10_000},
        {"accept": "application/json;q=x, */*;q=NaN"},
        {"accept": "a/b;" * 400 + ", */*"},
        {"accept-encoding": "gzip;q=" + "9" * 5000},
        {"x-request-id": "\u00ff" * 5000},
        {"idempotency-key": "\u00e9" * 300},
        {"if-none-match": '"' * 5000},
    ):
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        response = await client.post("/graphql", json=HEALTH, headers=raw)
        assert response.status_code in (200, 406)


async def test_documents_that_are_sent_once_do_not_grow_memory(client: httpx.AsyncClient) -> None:
    """All of them together would take 60 MB."""
    fields = " ".join(f"e{n}: events(first: 1) {{ nodes {{ {'id code ' * 8} }} }}" for n in range(25))
    before = psutil.Process().memory_info().rss
    for number in range(150):
        request = {"query": f"query Q{number} {{ node(id: {number}) {{ ... on Shipment {{ {fields} }} }} }}"}
        assert (await client.post("/graphql", json=request)).json() == {"data": {"node": None}}
    assert psutil.Process().memory_info().rss - before < 40_000_000
