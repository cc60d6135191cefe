"""GraphQL over HTTP: the 61 audits of npm graphql-http 1.23, by their ids, without Node.

Each is one request and what must be true of the answer, in the words of the audit.
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
from tests.support.live_server import serving

RUNNER = Path(__file__).parents[2] / "tools" / "http_audit.mjs"

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
TYPENAME = "{ __typename }"
WITH_VARIABLE = "query Type($name: String!) { __type(name: $name) { name } }"
UNKNOWN_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
COERCE_FAILURE = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
ODD: tuple[Any, ...] = ({"obj": "ect"}, 0, False, ["array"])
NO_MAP: tuple[Any, ...] = ("string", 0, False, ["array"])
OK, CLIENT, ERROR, ANY = range(200, 201), range(400, 500), range(400, 600), range(200, 600)
BAD = range(400, 401)


class Audit(NamedTuple):
    """One request, and the answer that the specification wants."""

    id: str
    says: str
    status: range
    body: object = None
    """JSON to post, or bytes to post as they are; None: a GET."""
    accept: str | None = None
    type: str | None = JSON
    """Content-Type of the request."""
    parameters: dict[str, str] | None = None
    answer_type: str | None = None
    clean: bool = False
    """No `errors` in the answer."""
    without_data: bool = False


def post(id: str, says: str, status: range, body: object, accept: str | None = None, **more: Any) -> Audit:
    return Audit(id, says, status, body, accept, **more)


def get(id: str, says: str, status: range, accept: str | None = None, **more: Any) -> Audit:
    return Audit(id, says, status, None, accept, **more)


QUERY = {"query": TYPENAME}
ASKED_TYPE = {"query": WITH_VARIABLE, "variables": {"name": "sometype"}}
ASKED_TYPE_BY_GET = {"query": WITH_VARIABLE, "variables": json.dumps({"name": "sometype"})}

AUDITS = [
    post("22EB", "accept graphql-response+json and match the content-type", OK, QUERY, GRAPHQL, answer_type=GRAPHQL),
    post("4655", "accept application/json and match the content-type", OK, QUERY, JSON, answer_type=JSON),
    post("47DE", "accept */* and use application/json for the content-type", OK, QUERY, "*/*", answer_type=JSON),
    post("80D8", "assume application/json content-type when accept is missing", OK, QUERY, answer_type=JSON),
    post("82A3", "use utf-8 encoding when responding", OK, QUERY),
    post("BF61", "accept utf-8 encoded request", OK, {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
         type="application/json; charset=utf-8"),
    post("78D5", "assume utf-8 in request if encoding is unspecified", OK, QUERY),
    post("2C94", "accept POST requests", OK, QUERY),
    get("5A70", "accept x-www-form-urlencoded formatted GET requests", OK, "*/*", parameters=QUERY),
    get("9C48", "not allow executing mutations on GET requests", CLIENT, GRAPHQL,
        parameters={"query": "mutation { __typename }"}),
    post("9ABE", "respond with 4xx if content-type is not supplied on POST requests", CLIENT, QUERY, type=None),
    post("03D4", "accept application/json POST requests", OK, QUERY),
    post("A5BF", "use 400 when request body is missing on POST", BAD, b""),
    post("423L", "use 400 on missing query parameter", BAD, {"notquery": TYPENAME}, GRAPHQL),
    *(post(f"LKJ{n}", f"use 400 on {odd!r} as query", BAD, {"query": odd}) for n, odd in enumerate(ODD)),
    post("34A2", "allow string query when accepting graphql-response+json", OK, QUERY, GRAPHQL),
    post("13EE", "allow string query when accepting json", OK, QUERY, JSON, clean=True),
    *(post(f"6C0{n}", f"use 400 on {odd!r} as operationName", BAD, {**QUERY, "operationName": odd})
      for n, odd in enumerate(ODD)),
    post("8161", "allow string operationName when accepting graphql-response+json", OK,
         {"operationName": "Query", "query": "query Query { __typename }"}, GRAPHQL),
    post("B8B3", "allow string operationName when accepting json", OK,
         {"operationName": "Query", "query": "query Query { __typename }"}, JSON, clean=True),
    *(post(f"{prefix}{n}", f"allow null {parameter}", OK, {**QUERY, parameter: None}, accept, clean=True)
      for n, parameter in enumerate(("variables", "operationName", "extensions"))
      for prefix, accept in (("94B", GRAPHQL), ("022", JSON))),
    *(post(f"476{n}", f"use 400 on {odd!r} as variables", BAD, {**QUERY, "variables": odd})
      for n, odd in enumerate(NO_MAP)),
    post("2EA1", "allow map variables when accepting graphql-response+json", OK, ASKED_TYPE, GRAPHQL),
    post("28B9", "allow map variables when accepting json", OK, ASKED_TYPE, JSON, clean=True),
    get("D6D5", "allow URL-encoded JSON variables in GETs, graphql-response+json", OK, GRAPHQL,
        parameters=ASKED_TYPE_BY_GET, clean=True),
    get("6A70", "allow URL-encoded JSON variables in GETs, json", OK, JSON, parameters=ASKED_TYPE_BY_GET, clean=True),
    *(post(f"58B{n}", f"use 400 on {odd!r} as extensions", BAD, {**QUERY, "extensions": odd})
      for n, odd in enumerate(NO_MAP)),
    post("428F", "allow map extensions when accepting graphql-response+json", OK,
         {**QUERY, "extensions": {"some": "value"}}, GRAPHQL),
    post("1B7A", "allow map extensions when accepting json", OK,
         {**QUERY, "extensions": {"some": "value"}}, JSON, clean=True),
    post("B6DC", "use 2xx, 4xx or 5xx on JSON parsing failure", ANY, b'{ "not a JSON', JSON),
    post("BCF8", "use 400 on JSON parsing failure when accepting json", BAD, b'{ "not a JSON', JSON),
    post("B7N8", "use 400 on JSON parsing failure when accepting graphql-response", BAD, b'{ "not a JSON', GRAPHQL),
    post("8764", "use 4xx or 5xx if parameters are invalid", ERROR, {"qeury": TYPENAME}),
    post("3E3A", "use 400 if parameters are invalid", BAD, {"qeury": TYPENAME}),
    post("572B", "use 200 on document parsing failure when accepting json", OK, {"query": "{"}, JSON),
    post("FDE2", "use 200 on document validation failure when accepting json", OK, {"query": UNKNOWN_FIELD}, JSON),
    post("7B9B", "use 200 on variable coercion failure when accepting json", OK, COERCE_FAILURE, JSON),
    post("865D", "use 4xx or 5xx on document parsing failure", ERROR, {"query": "{"}, GRAPHQL),
    post("556A", "use 400 on document parsing failure", BAD, {"query": "{"}, GRAPHQL),
    post("D586", "not contain data on document parsing failure", ANY, {"query": "{"}, GRAPHQL, without_data=True),
    post("51FE", "use 4xx or 5xx on document validation failure", ERROR, {"query": UNKNOWN_FIELD}, GRAPHQL),
    post("74FF", "use 400 on document validation failure", BAD, {"query": UNKNOWN_FIELD}, GRAPHQL),
    post("5E5B", "not contain data on document validation failure", ANY, {"query": UNKNOWN_FIELD}, GRAPHQL,
         without_data=True),
    post("86EE", "use 400 on variable coercion failure", BAD, COERCE_FAILURE, GRAPHQL),
]  # fmt: skip


def test_there_are_sixty_one_audits() -> None:
    assert len({audit.id for audit in AUDITS}) == len(AUDITS) == 61


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.id)
async def test_the_audit_passes(audit: Audit, client: httpx.AsyncClient) -> None:
    del client.headers["accept"]
    headers = {"accept": audit.accept} if audit.accept else {}
    if audit.body is None:
        answer = await client.get("/graphql", params=audit.parameters, headers=headers)
    else:
        content = audit.body if isinstance(audit.body, bytes) else json.dumps(audit.body, ensure_ascii=False).encode()
        if audit.type:
            headers["content-type"] = audit.type
        answer = await client.post("/graphql", content=content, headers=headers)

    assert answer.status_code in audit.status, f"{audit.says}: {answer.text}"
    result = json.loads(answer.content.decode("utf-8", errors="strict"))
    if audit.answer_type:
        assert answer.headers["content-type"].startswith(audit.answer_type)
    if audit.clean:
        assert "errors" not in result
    if audit.without_data:
        assert "data" not in result


@pytest.mark.skipif(
    not shutil.which("node") or not os.environ.get("GRAPHQL_HTTP"),
    reason="needs Node, and GRAPHQL_HTTP with the folder of npm graphql-http",
)
async def test_npms_own_runner_is_content(app: Starlette, settings: Settings) -> None:
    async with serving(app, settings) as port:
        runner = await asyncio.create_subprocess_exec(
            "node", str(RUNNER), f"http://127.0.0.1:{port}/graphql", os.environ["GRAPHQL_HTTP"], stdout=-1, stderr=-2
        )
        said, _ = await runner.communicate()
    assert (runner.returncode, said) == (0, b"61 passed, 0 failed\n")
