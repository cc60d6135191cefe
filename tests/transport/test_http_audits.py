"""The 61 audits of GraphQL over HTTP from npm graphql-http 1.23, by their ids, without Node.

Each is one request with the expected properties of its response; the descriptions are those of the audits.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.live_server import run_server

RUNNER = Path(__file__).parents[2] / "tools" / "http_audit.mjs"

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
TYPENAME = "{ __typename }"
WITH_VARIABLE = "query Type($name: String!) { __type(name: $name) { name } }"
UNKNOWN_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
COERCE_FAILURE = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
INVALID_STRINGS: tuple[Any, ...] = ({"obj": "ect"}, 0, False, ["array"])
INVALID_MAPS: tuple[Any, ...] = ("string", 0, False, ["array"])
OK, BAD_REQUEST, CLIENT_ERROR = range(200, 201), range(400, 401), range(400, 500)
ANY_ERROR, ANY_STATUS = range(400, 600), range(200, 600)


class Audit(NamedTuple):
    """One request, and the response that the specification requires."""

    id: str
    description: str
    status: range
    body: object = None
    """JSON to post, or bytes to post unchanged; None for a GET."""
    accept: str | None = None
    type: str | None = JSON
    """Content-Type of the request."""
    parameters: dict[str, str] | None = None
    response_type: str | None = None
    no_errors: bool = False
    """The response has no `errors`."""
    no_data: bool = False
    """The response has no `data`."""


def post(id: str, description: str, status: range, body: object, accept: str | None = None, **more: Any) -> Audit:
    return Audit(id, description, status, body, accept, **more)


def get(id: str, description: str, status: range, accept: str | None = None, **more: Any) -> Audit:
    return Audit(id, description, status, None, accept, **more)


QUERY = {"query": TYPENAME}
TYPE_QUERY = {"query": WITH_VARIABLE, "variables": {"name": "sometype"}}
TYPE_QUERY_BY_GET = {"query": WITH_VARIABLE, "variables": json.dumps({"name": "sometype"})}

AUDITS = [
    post("22EB", "accept graphql-response+json and match the content-type", OK, QUERY, GRAPHQL, response_type=GRAPHQL),
    post("4655", "accept application/json and match the content-type", OK, QUERY, JSON, response_type=JSON),
    post("47DE", "accept */* and use application/json for the content-type", OK, QUERY, "*/*", response_type=JSON),
    post("80D8", "assume application/json content-type when accept is missing", OK, QUERY, response_type=JSON),
    post("82A3", "use utf-8 encoding when responding", OK, QUERY),
    post("BF61", "accept utf-8 encoded request", OK, {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
         type="application/json; charset=utf-8"),
    post("78D5", "assume utf-8 in request if encoding is unspecified", OK, QUERY),
    post("2C94", "accept POST requests", OK, QUERY),
    get("5A70", "accept x-www-form-urlencoded formatted GET requests", OK, "*/*", parameters=QUERY),
    get("9C48", "not allow executing mutations on GET requests", CLIENT_ERROR, GRAPHQL,
        parameters={"query": "mutation { __typename }"}),
    post("9ABE", "respond with 4xx if content-type is not supplied on POST requests", CLIENT_ERROR, QUERY, type=None),
    post("03D4", "accept application/json POST requests", OK, QUERY),
    post("A5BF", "use 400 when request body is missing on POST", BAD_REQUEST, b""),
    post("423L", "use 400 on missing query parameter", BAD_REQUEST, {"notquery": TYPENAME}, GRAPHQL),
    *(post(f"LKJ{n}", f"use 400 on {value!r} as query", BAD_REQUEST, {"query": value})
      for n, value in enumerate(INVALID_STRINGS)),
    post("34A2", "allow string query when accepting graphql-response+json", OK, QUERY, GRAPHQL),
    post("13EE", "allow string query when accepting json", OK, QUERY, JSON, no_errors=True),
    *(post(f"6C0{n}", f"use 400 on {value!r} as operationName", BAD_REQUEST, {**QUERY, "operationName": value})
      for n, value in enumerate(INVALID_STRINGS)),
    post("8161", "allow string operationName when accepting graphql-response+json", OK,
         {"operationName": "Query", "query": "query Query { __typename }"}, GRAPHQL),
    post("B8B3", "allow string operationName when accepting json", OK,
         {"operationName": "Query", "query": "query Query { __typename }"}, JSON, no_errors=True),
    *(post(f"{prefix}{n}", f"allow null {parameter}", OK, {**QUERY, parameter: None}, accept, no_errors=True)
      for n, parameter in enumerate(("variables", "operationName", "extensions"))
      for prefix, accept in (("94B", GRAPHQL), ("022", JSON))),
    *(post(f"476{n}", f"use 400 on {value!r} as variables", BAD_REQUEST, {**QUERY, "variables": value})
      for n, value in enumerate(INVALID_MAPS)),
    post("2EA1", "allow map variables when accepting graphql-response+json", OK, TYPE_QUERY, GRAPHQL),
    post("28B9", "allow map variables when accepting json", OK, TYPE_QUERY, JSON, no_errors=True),
    get("D6D5", "allow URL-encoded JSON variables in GETs, graphql-response+json", OK, GRAPHQL,
        parameters=TYPE_QUERY_BY_GET, no_errors=True),
    get("6A70", "allow URL-encoded JSON variables in GETs, json", OK, JSON,
        parameters=TYPE_QUERY_BY_GET, no_errors=True),
    *(post(f"58B{n}", f"use 400 on {value!r} as extensions", BAD_REQUEST, {**QUERY, "extensions": value})
      for n, value in enumerate(INVALID_MAPS)),
    post("428F", "allow map extensions when accepting graphql-response+json", OK,
         {**QUERY, "extensions": {"some": "value"}}, GRAPHQL),
    post("1B7A", "allow map extensions when accepting json", OK,
         {**QUERY, "extensions": {"some": "value"}}, JSON, no_errors=True),
    post("B6DC", "use 2xx, 4xx or 5xx on JSON parsing failure", ANY_STATUS, b'{ "not a JSON', JSON),
    post("BCF8", "use 400 on JSON parsing failure when accepting json", BAD_REQUEST, b'{ "not a JSON', JSON),
    post("B7N8", "use 400 on JSON parsing failure when accepting graphql-response", BAD_REQUEST, b'{ "not a JSON',
         GRAPHQL),
    post("8764", "use 4xx or 5xx if parameters are invalid", ANY_ERROR, {"qeury": TYPENAME}),
    post("3E3A", "use 400 if parameters are invalid", BAD_REQUEST, {"qeury": TYPENAME}),
    post("572B", "use 200 on document parsing failure when accepting json", OK, {"query": "{"}, JSON),
    post("FDE2", "use 200 on document validation failure when accepting json", OK, {"query": UNKNOWN_FIELD}, JSON),
    post("7B9B", "use 200 on variable coercion failure when accepting json", OK, COERCE_FAILURE, JSON),
    post("865D", "use 4xx or 5xx on document parsing failure", ANY_ERROR, {"query": "{"}, GRAPHQL),
    post("556A", "use 400 on document parsing failure", BAD_REQUEST, {"query": "{"}, GRAPHQL),
    post("D586", "not contain data on document parsing failure", ANY_STATUS, {"query": "{"}, GRAPHQL, no_data=True),
    post("51FE", "use 4xx or 5xx on document validation failure", ANY_ERROR, {"query": UNKNOWN_FIELD}, GRAPHQL),
    post("74FF", "use 400 on document validation failure", BAD_REQUEST, {"query": UNKNOWN_FIELD}, GRAPHQL),
    post("5E5B", "not contain data on document validation failure", ANY_STATUS, {"query": UNKNOWN_FIELD}, GRAPHQL,
         no_data=True),
    post("86EE", "use 400 on variable coercion failure", BAD_REQUEST, COERCE_FAILURE, GRAPHQL),
]  # fmt: skip


def test_there_are_sixty_one_audits() -> None:
    assert len({audit.id for audit in AUDITS}) == len(AUDITS) == 61


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.id)
async def test_the_audit_passes(audit: Audit, client: httpx.AsyncClient) -> None:
    del client.headers["accept"]
    headers = {"accept": audit.accept} if audit.accept else {}
    if audit.body is None:
        response = await client.get("/graphql", params=audit.parameters, headers=headers)
    else:
        content = audit.body if isinstance(audit.body, bytes) else json.dumps(audit.body, ensure_ascii=False).encode()
        if audit.type:
            headers["content-type"] = audit.type
        response = await client.post("/graphql", content=content, headers=headers)

    assert response.status_code in audit.status, f"{audit.description}: {response.text}"
    result = json.loads(response.content.decode("utf-8", errors="strict"))
    if audit.response_type:
        assert response.headers["content-type"].startswith(audit.response_type)
    if audit.no_errors:
        assert "errors" not in result
    if audit.no_data:
        assert "data" not in result


@pytest.mark.skipif(
    not shutil.which("node") or not os.environ.get("GRAPHQL_HTTP"),
    reason="requires Node, and the environment variable GRAPHQL_HTTP with the folder of npm graphql-http",
)
async def test_the_audits_pass_in_the_runner_of_graphql_http(app: Starlette, settings: Settings) -> None:
    async with run_server(app, settings) as port:
        runner = await asyncio.create_subprocess_exec(
            "node", str(RUNNER), f"http://127.0.0.1:{port}/graphql", os.environ["GRAPHQL_HTTP"], stdout=-1, stderr=-2
        )
        output, _ = await runner.communicate()
    assert (runner.returncode, output) == (0, b"61 passed, 0 failed\n")
