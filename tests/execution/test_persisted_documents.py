"""Documents named instead of sent: automatic persisted queries as Apollo does it, and trusted documents by id."""

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
from tests.support.live_server import client_of

TEXT = "query Who { viewer { account } }"
OTHER = "query Codes($first: Int) { carriers(first: $first) { nodes { code } } }"
ANSWER = {"data": {"viewer": {"account": "default"}}}
GRAPHQL = "application/graphql-response+json"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}, **more}


def error(answer: httpx.Response) -> dict[str, Any]:
    (found,) = answer.json()["errors"]
    return {"message": found["message"], "code": found["extensions"]["code"]}


@pytest.fixture
def manifest(folder: Path) -> Path:
    """A file as graphql-codegen writes it."""
    path = folder / "persisted-documents.json"
    path.write_text(json.dumps({sha256(TEXT): TEXT, f"sha256:{sha256(OTHER)}": OTHER, "named": TEXT}))
    return path


async def test_apollo_sends_the_hash_then_the_text_then_the_hash_alone(client: httpx.AsyncClient) -> None:
    unknown = await client.post("/graphql", json=persisted(TEXT), headers={"accept": "application/json"})
    assert unknown.status_code == 200
    assert error(unknown) == {"message": "PersistedQueryNotFound", "code": "PERSISTED_QUERY_NOT_FOUND"}
    assert "data" not in unknown.json()
    assert (await client.post("/graphql", json=persisted(TEXT, query=TEXT))).json() == ANSWER
    assert (await client.post("/graphql", json=persisted(TEXT))).json() == ANSWER
    by_get = await client.get("/graphql", params={"extensions": json.dumps(persisted(TEXT)["extensions"])})
    assert by_get.json() == ANSWER


async def test_a_hash_that_is_not_known_is_400_under_graphqls_own_media_type(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=persisted("{ __typename }"), headers={"accept": GRAPHQL})
    assert (answer.status_code, error(answer)["code"]) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_hash_of_another_text_is_refused_and_not_learnt(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=persisted(OTHER, query=TEXT))
    assert answer.status_code == 400
    assert error(answer) == {"message": "provided sha does not match query", "code": "BAD_REQUEST"}
    assert error(await client.post("/graphql", json=persisted(OTHER)))["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_document_that_is_refused_is_not_learnt(client: httpx.AsyncClient) -> None:
    for text in ("{ nothing }", "{"):
        await client.post("/graphql", json=persisted(text, query=text))
        assert error(await client.post("/graphql", json=persisted(text)))["code"] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("extension", [{"version": 2, "sha256Hash": "x"}, "x", [], {"sha256Hash": "x"}, {"version": 1}])
async def test_an_extension_that_is_not_apollos_is_refused(client: httpx.AsyncClient, extension: object) -> None:
    answer = await client.post("/graphql", json={"extensions": {"persistedQuery": extension}})
    assert error(answer)["code"] in ("PERSISTED_QUERY_NOT_SUPPORTED", "BAD_REQUEST")


def test_texts_known_by_hash_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_PERSISTED_CHARACTERS", 200)
    kept = documents.DocumentCache(build.build()._schema)
    for number in range(50):
        text = f"query Q{number} {{ __typename }}"
        kept.document(asked(persisted(text, query=text)))
    assert kept.characters == sum(map(len, kept.persisted.values())) <= 200
    assert kept.document(asked(persisted("query Q49 { __typename }")))
    with pytest.raises(request_errors.PersistedQueryNotFound):
        kept.document(asked(persisted("query Q1 { __typename }")))


def test_parsed_documents_are_bounded_by_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_CACHED_TOKENS", 60)
    kept = documents.DocumentCache(build.build()._schema)
    first = kept.by_text("query Q0 { __typename }")
    for number in range(1, 20):
        kept.by_text(f"query Q{number} {{ __typename }}")
        assert kept.by_text("query Q0 { __typename }") is first, "what is used stays"
    assert kept.tokens == sum(one.parsed.token_count for one in kept.cached.values()) <= 60
    assert len(kept.cached) < 20


def asked(request: dict[str, Any]) -> GraphQLRequest:
    return http_request.parse_body(json.dumps(request).encode())


async def test_a_trusted_document_is_run_by_its_id(engine: AsyncEngine, settings: Settings, manifest: Path) -> None:
    async with client_of(engine, settings, trusted_documents=manifest) as client:
        for name in (f"sha256:{sha256(TEXT)}", sha256(TEXT), "named"):
            assert (await client.post("/graphql", json={"documentId": name})).json() == ANSWER
        by_get = {"documentId": f"sha256:{sha256(OTHER)}", "variables": '{"first": 0}'}
        assert (await client.get("/graphql", params=by_get)).json() == {"data": {"carriers": {"nodes": []}}}
        unknown = await client.post("/graphql", json={"documentId": f"sha256:{sha256('{ x }')}"})
        assert error(unknown)["code"] == "DOCUMENT_NOT_TRUSTED"
        both = await client.post("/graphql", json={"documentId": "named", "query": TEXT})
        assert (both.status_code, error(both)["code"]) == (400, "BAD_REQUEST")
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).json()["data"]


async def test_nothing_but_trusted_documents_is_run_where_the_settings_say_so(
    engine: AsyncEngine, settings: Settings, manifest: Path
) -> None:
    async with client_of(engine, settings, trusted_documents=manifest, trusted_documents_only=True) as client:
        assert (await client.post("/graphql", json={"documentId": f"sha256:{sha256(TEXT)}"})).json() == ANSWER
        assert (await client.post("/graphql", json=persisted(TEXT))).json() == ANSWER
        for request, wanted in (
            ({"query": TEXT}, "DOCUMENT_NOT_TRUSTED"),
            ({"query": "{ __schema { types { name } } }"}, "DOCUMENT_NOT_TRUSTED"),
            (persisted("{ __typename }", query="{ __typename }"), "PERSISTED_QUERY_NOT_SUPPORTED"),
            (persisted("{ __typename }"), "PERSISTED_QUERY_NOT_SUPPORTED"),
            ({"documentId": "sha256:" + "0" * 64}, "DOCUMENT_NOT_TRUSTED"),
        ):
            assert error(await client.post("/graphql", json=request))["code"] == wanted


async def test_answers_to_trusted_documents_can_be_kept_and_asked_about_again(
    engine: AsyncEngine, settings: Settings, manifest: Path
) -> None:
    async with client_of(engine, settings, trusted_documents=manifest) as client:
        parameters = {"documentId": sha256(TEXT)}
        first = await client.get("/graphql", params=parameters)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        assert {"accept", "authorization"} <= set(first.headers["vary"].split(", "))
        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
            again = await client.get("/graphql", params=parameters, headers={"if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        changed = await client.get("/graphql", params=parameters, headers={"if-none-match": 'W/"other"'})
        assert changed.json() == ANSWER
        assert "etag" not in (await client.post("/graphql", json=parameters)).headers
        assert "etag" not in (await client.get("/graphql", params={"query": TEXT})).headers


def test_apollos_manifest_is_read_too(folder: Path) -> None:
    path = folder / "manifest.json"
    operations = [{"id": sha256(TEXT), "name": "Who", "type": "query", "body": TEXT}]
    path.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}))
    assert trusted_documents.read(path) == {sha256(TEXT): TEXT}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[]", "object from id to text"),
        ("{}", "object from id to text"),
        ('{"a": 1}', "object from id to text"),
        (json.dumps({sha256(OTHER): TEXT}), "another SHA-256"),
    ],
)
def test_a_file_that_does_not_say_what_it_means_ends_the_start(folder: Path, content: str, says: str) -> None:
    path = folder / "wrong.json"
    path.write_text(content)
    with pytest.raises(startup_error.StartupError, match=says):
        trusted_documents.read(path)


def test_a_trusted_document_that_does_not_fit_the_schema_ends_the_start() -> None:
    for text in ("{ nothing }", "{", "fragment F on Query { __typename }"):
        with pytest.raises(startup_error.StartupError, match="The trusted document a is refused"):
            documents.DocumentCache(build.build()._schema, trusted={"a": text})


def test_only_trusted_documents_need_a_file_of_them() -> None:
    with pytest.raises(startup_error.StartupError, match="SHIPMENTS_TRUSTED_DOCUMENTS"):
        settings_module.read(trusted_documents_only=True)


def test_a_file_that_is_not_there_ends_the_start(folder: Path) -> None:
    with pytest.raises(startup_error.StartupError, match="cannot be read"):
        trusted_documents.read(folder / "nowhere.json")
