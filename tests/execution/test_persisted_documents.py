"""Automatic persisted queries (Apollo's protocol) and trusted documents."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.errors import request_errors, startup_error
from graphql_app.execution import documents, trusted_documents
from graphql_app.execution.request import GraphQLRequest
from graphql_app.schema import build
from graphql_app.settings import Settings
from graphql_app.transport import http_request
from tests.support.live_server import client_with_settings, run_server
from tests.support.streaming_clients import WebSocketClient

DOCUMENT = "query Who { viewer { account } }"
OTHER_DOCUMENT = "query Codes($first: Int) { carriers(first: $first) { nodes { code } } }"
RESPONSE = {"data": {"viewer": {"account": "default"}}}
GRAPHQL = "application/graphql-response+json"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str, **parameters: Any) -> dict[str, Any]:
    """A request with the hash of a document, and other parameters."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}, **parameters}


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Message and code of the only error of a response."""
    (only,) = response.json()["errors"]
    return {"message": only["message"], "code": only["extensions"]["code"]}


@pytest.fixture
def manifest(server_folder: Path) -> Path:
    """A file of trusted documents in the format of graphql-codegen."""
    path = server_folder / "persisted-documents.json"
    path.write_text(
        json.dumps({sha256(DOCUMENT): DOCUMENT, f"sha256:{sha256(OTHER_DOCUMENT)}": OTHER_DOCUMENT, "named": DOCUMENT})
    )
    return path


async def test_a_persisted_query_is_registered_with_its_text_and_then_run_by_its_hash(
    client: httpx.AsyncClient,
) -> None:
    unknown = await client.post("/graphql", json=persisted(DOCUMENT), headers={"accept": "application/json"})
    assert unknown.status_code == 200
    assert error_of(unknown) == {"message": "PersistedQueryNotFound", "code": "PERSISTED_QUERY_NOT_FOUND"}
    assert "data" not in unknown.json()
    assert (await client.post("/graphql", json=persisted(DOCUMENT, query=DOCUMENT))).json() == RESPONSE
    assert (await client.post("/graphql", json=persisted(DOCUMENT))).json() == RESPONSE
    by_get = await client.get("/graphql", params={"extensions": json.dumps(persisted(DOCUMENT)["extensions"])})
    assert by_get.json() == RESPONSE


async def test_an_unknown_hash_returns_400_under_graphql_response_json(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=persisted("{ __typename }"), headers={"accept": GRAPHQL})
    assert (response.status_code, error_of(response)["code"]) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_hash_that_does_not_match_the_text_is_rejected_and_not_registered(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=persisted(OTHER_DOCUMENT, query=DOCUMENT))
    assert response.status_code == 400
    assert error_of(response) == {"message": "provided sha does not match query", "code": "BAD_REQUEST"}
    assert (
        error_of(await client.post("/graphql", json=persisted(OTHER_DOCUMENT)))["code"] == "PERSISTED_QUERY_NOT_FOUND"
    )


async def test_an_invalid_document_is_not_registered(client: httpx.AsyncClient) -> None:
    for text in ("{ nothing }", "{"):
        await client.post("/graphql", json=persisted(text, query=text))
        assert error_of(await client.post("/graphql", json=persisted(text)))["code"] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("extension", [{"version": 2, "sha256Hash": "x"}, "x", [], {"sha256Hash": "x"}, {"version": 1}])
async def test_an_invalid_persisted_query_extension_is_rejected(client: httpx.AsyncClient, extension: object) -> None:
    response = await client.post("/graphql", json={"extensions": {"persistedQuery": extension}})
    assert error_of(response)["code"] in ("PERSISTED_QUERY_NOT_SUPPORTED", "BAD_REQUEST")


def test_the_size_of_persisted_texts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_PERSISTED_CHARACTERS", 200)
    cache = documents.DocumentCache(build.build()._schema)
    for number in range(50):
        text = f"query Q{number} {{ __typename }}"
        cache.document(parsed(persisted(text, query=text)))
    assert cache.characters == sum(map(len, cache.persisted.values())) <= 200
    assert cache.document(parsed(persisted("query Q49 { __typename }")))
    with pytest.raises(request_errors.PersistedQueryNotFound):
        cache.document(parsed(persisted("query Q1 { __typename }")))


def test_the_size_of_cached_documents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_CACHED_TOKENS", 60)
    cache = documents.DocumentCache(build.build()._schema)
    first = cache.by_text("query Q0 { __typename }")
    for number in range(1, 20):
        cache.by_text(f"query Q{number} {{ __typename }}")
        assert cache.by_text("query Q0 { __typename }") is first, "recently used documents stay"
    assert cache.tokens == sum(document.parsed.token_count for document in cache.cached.values()) <= 60
    assert len(cache.cached) < 20


def parsed(request: dict[str, Any]) -> GraphQLRequest:
    """The request as the server parses it."""
    return http_request.parse_body(json.dumps(request).encode())


async def test_a_trusted_document_is_run_by_its_id(engine: AsyncEngine, settings: Settings, manifest: Path) -> None:
    async with client_with_settings(engine, settings, trusted_documents=manifest) as client:
        for name in (f"sha256:{sha256(DOCUMENT)}", sha256(DOCUMENT), "named"):
            assert (await client.post("/graphql", json={"documentId": name})).json() == RESPONSE
        by_get = {"documentId": f"sha256:{sha256(OTHER_DOCUMENT)}", "variables": '{"first": 0}'}
        assert (await client.get("/graphql", params=by_get)).json() == {"data": {"carriers": {"nodes": []}}}
        unknown = await client.post("/graphql", json={"documentId": f"sha256:{sha256('{ x }')}"})
        assert error_of(unknown)["code"] == "DOCUMENT_NOT_TRUSTED"
        both = await client.post("/graphql", json={"documentId": "named", "query": DOCUMENT})
        assert (both.status_code, error_of(both)["code"]) == (400, "BAD_REQUEST")
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).json()["data"]


@pytest.mark.parametrize("parameters", [{"query": ""}, {"operationName": ""}, {"query": "", "operationName": ""}])
async def test_an_empty_query_or_operation_name_counts_as_omitted(
    engine: AsyncEngine, settings: Settings, manifest: Path, parameters: dict[str, str]
) -> None:
    """graphql-ws always sends a `query`."""
    async with (
        client_with_settings(engine, settings, trusted_documents=manifest, trusted_documents_only=True) as client,
        run_server(client._transport.app, settings) as port,
    ):  # type: ignore[attr-defined]
        for request in (parameters | {"documentId": sha256(DOCUMENT)}, persisted(DOCUMENT, **parameters)):
            assert (await client.post("/graphql", json=request)).json() == RESPONSE
            by_get = {name: value if isinstance(value, str) else json.dumps(value) for name, value in request.items()}
            assert (await client.get("/graphql", params=by_get)).json() == RESPONSE
            async with WebSocketClient(port) as socket:
                await socket.connection_init()
                await socket.send(id="1", type="subscribe", payload=request)
                assert (await socket.receive())["payload"] == RESPONSE
        for extensions in ({}, {"cost": True}):
            response = await client.post("/graphql", json=parameters | {"query": "", "extensions": extensions})
            assert error_of(response) == {
                "message": "`query` is required. Send a GraphQL document in it.",
                "code": "BAD_REQUEST",
            }


async def test_the_text_of_a_persisted_query_may_be_sent_as_empty(client: httpx.AsyncClient) -> None:
    unknown = await client.post("/graphql", json=persisted(DOCUMENT, query=""))
    assert error_of(unknown)["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert (await client.post("/graphql", json=persisted(DOCUMENT, query=DOCUMENT))).json() == RESPONSE
    assert (await client.post("/graphql", json=persisted(DOCUMENT, query=""))).json() == RESPONSE
    assert (await client.post("/graphql", json={"query": DOCUMENT, "documentId": ""})).json() == RESPONSE


async def test_only_trusted_documents_are_run_if_the_settings_demand_it(
    engine: AsyncEngine, settings: Settings, manifest: Path
) -> None:
    async with client_with_settings(
        engine, settings, trusted_documents=manifest, trusted_documents_only=True
    ) as client:
        assert (await client.post("/graphql", json={"documentId": f"sha256:{sha256(DOCUMENT)}"})).json() == RESPONSE
        assert (await client.post("/graphql", json=persisted(DOCUMENT))).json() == RESPONSE
        for request, expected in (
            ({"query": DOCUMENT}, "DOCUMENT_NOT_TRUSTED"),
            ({"query": "{ __schema { types { name } } }"}, "DOCUMENT_NOT_TRUSTED"),
            (persisted("{ __typename }", query="{ __typename }"), "PERSISTED_QUERY_NOT_SUPPORTED"),
            (persisted("{ __typename }"), "PERSISTED_QUERY_NOT_SUPPORTED"),
            ({"documentId": "sha256:" + "0" * 64}, "DOCUMENT_NOT_TRUSTED"),
        ):
            assert error_of(await client.post("/graphql", json=request))["code"] == expected


async def test_responses_to_trusted_documents_have_an_etag_and_can_be_revalidated(
    engine: AsyncEngine, settings: Settings, manifest: Path
) -> None:
    async with client_with_settings(engine, settings, trusted_documents=manifest) as client:
        parameters = {"documentId": sha256(DOCUMENT)}
        first = await client.get("/graphql", params=parameters)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        assert {"accept", "authorization"} <= set(first.headers["vary"].split(", "))
        for etag in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
            again = await client.get("/graphql", params=parameters, headers={"if-none-match": etag})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        changed = await client.get("/graphql", params=parameters, headers={"if-none-match": 'W/"other"'})
        assert changed.json() == RESPONSE
        assert "etag" not in (await client.post("/graphql", json=parameters)).headers
        assert "etag" not in (await client.get("/graphql", params={"query": DOCUMENT})).headers


def test_the_format_of_apollos_manifest_is_supported(server_folder: Path) -> None:
    path = server_folder / "manifest.json"
    operations = [{"id": sha256(DOCUMENT), "name": "Who", "type": "query", "body": DOCUMENT}]
    path.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}))
    assert trusted_documents.read(path) == {sha256(DOCUMENT): DOCUMENT}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object from id to text"),
        ("{}", "must be a JSON object from id to text"),
        ('{"a": 1}', "must be a JSON object from id to text"),
        (json.dumps({sha256(OTHER_DOCUMENT): DOCUMENT}), "not the SHA-256 hash of its text"),
    ],
)
def test_an_invalid_file_of_trusted_documents_stops_the_start(server_folder: Path, content: str, message: str) -> None:
    path = server_folder / "wrong.json"
    path.write_text(content)
    with pytest.raises(startup_error.StartupError, match=message):
        trusted_documents.read(path)


def test_an_invalid_trusted_document_stops_the_start() -> None:
    for text in ("{ nothing }", "{", "fragment F on Query { __typename }"):
        with pytest.raises(startup_error.StartupError, match="The trusted document a is invalid"):
            documents.DocumentCache(build.build()._schema, trusted={"a": text})


def test_trusted_documents_only_requires_a_file_of_trusted_documents() -> None:
    with pytest.raises(startup_error.StartupError, match="SHIPMENTS_TRUSTED_DOCUMENTS"):
        settings_module.read(trusted_documents_only=True)


def test_a_missing_file_of_trusted_documents_stops_the_start(server_folder: Path) -> None:
    with pytest.raises(startup_error.StartupError, match="cannot be read"):
        trusted_documents.read(server_folder / "nowhere.json")
