"""HTTP semantics: methods, media types, status codes, compression, CORS, and JSON errors at every URL."""

import gzip
import json

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.settings import Settings
from tests.support.live_server import client_with_settings

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
QUERY = {"query": "{ viewer { account } }"}
RESULT = {"data": {"viewer": {"account": "default"}}}
URQL = f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def error_code(response: httpx.Response) -> str:
    """The code of the only error of a response, which is JSON."""
    assert response.headers["content-type"].split(";")[0] in (JSON, GRAPHQL)
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "media_type"),
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
async def test_the_supported_media_type_with_the_highest_quality_is_used(
    client: httpx.AsyncClient, accept: str, media_type: str
) -> None:
    response = await client.post("/graphql", json=QUERY, headers={"accept": accept})
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert (response.status_code, response.json()) == (200, RESULT)


@pytest.mark.parametrize("accept", ["text/html", "multipart/mixed", "image/*", f"{JSON};q=0", "application/jsonx"])
async def test_a_client_that_accepts_no_supported_media_type_gets_406(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=QUERY, headers={"accept": accept})
    assert (response.status_code, error_code(response)) == (406, "NOT_ACCEPTABLE")


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
async def test_a_body_of_another_media_type_is_rejected(client: httpx.AsyncClient, content_type: str) -> None:
    """Only these media types can be sent by a form of another site without a CORS preflight."""
    body = json.dumps(QUERY).encode()
    response = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert (response.status_code, error_code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
async def test_case_and_parameters_of_the_media_type_are_ignored(client: httpx.AsyncClient, content_type: str) -> None:
    body = json.dumps(QUERY).encode()
    response = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert response.json() == RESULT


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
async def test_another_method_is_rejected_with_the_allowed_methods(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert (response.status_code, error_code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_options_returns_the_allowed_methods(client: httpx.AsyncClient) -> None:
    response = await client.options("/graphql")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_head_returns_the_headers_of_get_without_a_body(client: httpx.AsyncClient) -> None:
    get = await client.get("/graphql", params=QUERY)
    head = await client.head("/graphql", params=QUERY)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))


async def test_a_query_can_be_sent_by_get(client: httpx.AsyncClient) -> None:
    parameters = {
        "query": "query A { viewer { account } } query B($code: String!) { carrier(code: $code) { code } }",
        "operationName": "B",
        "variables": '{"code": "ups"}',
    }
    response = await client.get("/graphql", params=parameters)
    assert response.json() == {"data": {"carrier": None}}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query_string",
    ["query=%FF", "query={__typename}&query={__typename}", "query=a&variables={", "query=a&variables=[]", "x=1"],
)
async def test_an_invalid_query_string_is_rejected(client: httpx.AsyncClient, query_string: str) -> None:
    response = await client.get(f"/graphql?{query_string}")
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


async def test_a_client_that_accepts_anything_gets_json(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", headers={"accept": "*/*"})
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


async def test_an_invalid_document_returns_no_data_and_200_only_for_application_json(client: httpx.AsyncClient) -> None:
    for accept, status in ((JSON, 200), (GRAPHQL, 400)):
        response = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"accept": accept})
        assert (response.status_code, error_code(response)) == (status, "GRAPHQL_VALIDATION_FAILED")
        assert "data" not in response.json()


async def test_a_field_error_is_returned_next_to_the_data(client: httpx.AsyncClient) -> None:
    query = "{ viewer { account } shipments(first: 1000) { nodes { id } } }"
    response = await client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})
    assert response.status_code == 200
    assert response.json()["data"] == {"viewer": {"account": "default"}, "shipments": None}
    assert response.json()["errors"][0]["path"] == ["shipments"]
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_operation_is_selected_by_operation_name(client: httpx.AsyncClient) -> None:
    document = "query A { viewer { account } } query B { carriers { nodes { id } } }"
    response = await client.post("/graphql", json={"query": document, "operationName": "A"})
    assert response.json() == RESULT
    for name in (None, "C"):
        response = await client.post("/graphql", json={"query": document, "operationName": name})
        assert error_code(response) == "OPERATION_RESOLUTION_FAILURE"


async def test_batches_are_rejected(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=[QUERY, QUERY])
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")
    assert "Batches" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/", 404), ("/schema.graphql", 405)])
async def test_errors_at_other_urls_are_json(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.post(path)
    assert (response.status_code, error_code(response)) == (
        status,
        {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}[status],
    )
    assert status != 405 or "GET" in response.headers["allow"]


async def test_large_responses_are_compressed_if_the_client_accepts_gzip(client: httpx.AsyncClient) -> None:
    large = {"query": "{ __schema { types { name description } } }"}
    plain = await client.post("/graphql", json=large, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for accept_encoding in ("gzip", "br, gzip;q=0.5", "*"):
        headers = {"accept-encoding": accept_encoding}
        async with client.stream("POST", "/graphql", json=large, headers=headers) as compressed:
            raw = b"".join([part async for part in compressed.aiter_raw()])
        assert compressed.headers["content-encoding"] == "gzip"
        assert int(compressed.headers["content-length"]) == len(raw) < len(plain.content) / 2
        assert gzip.decompress(raw) == plain.content
    uncompressed = await client.post("/graphql", json=large, headers={"accept-encoding": "gzip;q=0, br"})
    assert "content-encoding" not in uncompressed.headers


async def test_small_responses_are_not_compressed(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=QUERY, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers


async def test_pages_of_other_origins_are_allowed_only_by_cors_origins(
    engine: AsyncEngine, settings: Settings, client: httpx.AsyncClient
) -> None:
    allowed, other = {"origin": "https://allowed.example"}, {"origin": "https://other.example"}
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    without_setting = await client.options("/graphql", headers=allowed | preflight)
    assert "access-control-allow-origin" not in without_setting.headers
    async with client_with_settings(
        engine, settings, cors_origins="https://allowed.example, http://localhost:3000"
    ) as configured:
        preflight_response = await configured.options("/graphql", headers=allowed | preflight)
        assert preflight_response.status_code == 200
        assert preflight_response.headers["access-control-allow-origin"] == "https://allowed.example"
        assert "content-type" in preflight_response.headers["access-control-allow-headers"]
        response = await configured.post("/graphql", json=QUERY, headers=allowed)
        assert response.headers["access-control-allow-origin"] == "https://allowed.example"
        assert "x-request-id" in response.headers["access-control-expose-headers"]
        assert (await configured.options("/graphql", headers=other | preflight)).status_code == 400
        rejected = await configured.post("/graphql", json=QUERY, headers=other)
        assert "access-control-allow-origin" not in rejected.headers
