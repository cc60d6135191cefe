"""What is spoken: methods, media types, status codes, compression, caching, and JSON at every address."""

import gzip
import json

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.settings import Settings
from tests.support.live_server import client_of

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
QUERY = {"query": "{ viewer { account } }"}
ANSWER = {"data": {"viewer": {"account": "default"}}}
URQL = f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def code(answer: httpx.Response) -> str:
    """The code of an answer's one error. Whatever the error, the answer is JSON."""
    assert answer.headers["content-type"].split(";")[0] in (JSON, GRAPHQL)
    (error,) = answer.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "spoken"),
    [
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{GRAPHQL},{JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        ("application/*", JSON),
        ("text/html, */*;q=0.1", JSON),
        ("", JSON),
        ("Application/JSON", JSON),
        (URQL, GRAPHQL),
    ],
)
async def test_the_first_media_type_that_is_spoken_is_taken(
    client: httpx.AsyncClient, accept: str, spoken: str
) -> None:
    answer = await client.post("/graphql", json=QUERY, headers={"accept": accept})
    assert answer.headers["content-type"] == f"{spoken}; charset=utf-8"
    assert (answer.status_code, answer.json()) == (200, ANSWER)


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream", "image/*", f"{JSON};q=0", "application/jsonx"])
async def test_a_client_that_takes_none_of_them_is_told(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.post("/graphql", json=QUERY, headers={"accept": accept})
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain, application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/graphql",
        "text/json",
        "text/plain;application/json",
        "",
    ],
)
async def test_a_body_of_another_media_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    """A form of another site can send what is refused here, and nothing else, without the browser asking us first."""
    body = json.dumps(QUERY).encode()
    answer = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
async def test_the_essence_of_the_media_type_counts(client: httpx.AsyncClient, content_type: str) -> None:
    body = json.dumps(QUERY).encode()
    answer = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert answer.json() == ANSWER


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
async def test_other_methods_are_refused_with_those_that_are_allowed(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql")
    assert (answer.status_code, code(answer)) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_options_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.options("/graphql")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    got = await client.get("/graphql", params=QUERY)
    asked = await client.head("/graphql", params=QUERY)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


async def test_a_query_may_be_asked_by_get(client: httpx.AsyncClient) -> None:
    parameters = {
        "query": "query A { viewer { account } } query B($code: String!) { carrier(code: $code) { code } }",
        "operationName": "B",
        "variables": '{"code": "ups"}',
    }
    answer = await client.get("/graphql", params=parameters)
    assert answer.json() == {"data": {"carrier": None}}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query_string",
    ["query=%FF", "query={__typename}&query={__typename}", "query=a&variables={", "query=a&variables=[]", "x=1"],
)
async def test_a_query_string_that_cannot_be_read_is_refused(client: httpx.AsyncClient, query_string: str) -> None:
    answer = await client.get(f"/graphql?{query_string}")
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_a_script_that_takes_anything_gets_no_html(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"accept": "*/*"})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_a_request_error_has_no_data_and_is_200_only_for_plain_json(client: httpx.AsyncClient) -> None:
    for accept, status in ((JSON, 200), (GRAPHQL, 400)):
        answer = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"accept": accept})
        assert (answer.status_code, code(answer)) == (status, "GRAPHQL_VALIDATION_FAILED")
        assert "data" not in answer.json()


async def test_an_error_of_a_field_stands_beside_the_data(client: httpx.AsyncClient) -> None:
    query = "{ viewer { account } shipments(first: 1000) { nodes { id } } }"
    answer = await client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"viewer": {"account": "default"}, "shipments": None}
    assert answer.json()["errors"][0]["path"] == ["shipments"]
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_operations_are_found_by_their_names(client: httpx.AsyncClient) -> None:
    two = "query A { viewer { account } } query B { carriers { nodes { id } } }"
    chosen = await client.post("/graphql", json={"query": two, "operationName": "A"})
    assert chosen.json() == ANSWER
    for name in (None, "C"):
        answer = await client.post("/graphql", json={"query": two, "operationName": name})
        assert code(answer) == "OPERATION_RESOLUTION_FAILURE"


async def test_batches_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=[QUERY, QUERY])
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert "Batches" in answer.json()["errors"][0]["message"]


async def test_the_request_id_is_the_clients_own_where_it_is_sound(client: httpx.AsyncClient) -> None:
    given = await client.post("/graphql", json={"query": "{"}, headers={"x-request-id": "import-42.b"})
    assert given.headers["x-request-id"] == given.json()["errors"][0]["extensions"]["requestId"] == "import-42.b"
    for unsound in ("x", "a b c d e f", "<script>alert(1)</script>", "a" * 65):
        made = await client.post("/graphql", json=QUERY, headers={"x-request-id": unsound})
        assert len(made.headers["x-request-id"]) == 16


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/", 404), ("/schema.graphql", 405)])
async def test_other_addresses_answer_with_json_too(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.post(path)
    assert (answer.status_code, code(answer)) == (status, {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}[status])
    assert status != 405 or "GET" in answer.headers["allow"]


async def test_large_answers_are_compressed_where_the_client_takes_it(client: httpx.AsyncClient) -> None:
    large = {"query": "{ __schema { types { name description } } }"}
    plain = await client.post("/graphql", json=large, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for takes in ("gzip", "br, gzip;q=0.5", "*"):
        async with client.stream("POST", "/graphql", json=large, headers={"accept-encoding": takes}) as packed:
            raw = b"".join([part async for part in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) == len(raw) < len(plain.content) / 2
        assert gzip.decompress(raw) == plain.content
    refused = await client.post("/graphql", json=large, headers={"accept-encoding": "gzip;q=0, br"})
    assert "content-encoding" not in refused.headers


async def test_small_answers_are_never_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=QUERY, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


async def test_pages_of_other_origins_may_call_only_where_the_settings_say_so(
    engine: AsyncEngine, settings: Settings, client: httpx.AsyncClient
) -> None:
    ours, theirs = {"origin": "https://ours.example"}, {"origin": "https://theirs.example"}
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    closed = await client.options("/graphql", headers=ours | preflight)
    assert "access-control-allow-origin" not in closed.headers
    async with client_of(engine, settings, cors_origins="https://ours.example, http://localhost:3000") as opened:
        asked = await opened.options("/graphql", headers=ours | preflight)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == "https://ours.example"
        assert "content-type" in asked.headers["access-control-allow-headers"]
        answer = await opened.post("/graphql", json=QUERY, headers=ours)
        assert answer.headers["access-control-allow-origin"] == "https://ours.example"
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
        assert (await opened.options("/graphql", headers=theirs | preflight)).status_code == 400
        assert "access-control-allow-origin" not in (await opened.post("/graphql", json=QUERY, headers=theirs)).headers
