"""Scopes: every root field requires exactly the scope in its description, over every transport and in any document."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from graphql import GraphQLField, GraphQLInputType, GraphQLObjectType, is_input_object_type, is_leaf_type
from graphql.type import GraphQLList, GraphQLNonNull, is_enum_type
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.auth.scopes import ADMIN, EVENTS, READ, SCOPES, WRITE
from graphql_app.cli import account_admin
from graphql_app.schema import authorization, build
from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server
from tests.support.streaming_clients import WebSocketClient, sse_events

CORE = build.build()._schema
ROOTS = {"query": CORE.query_type, "mutation": CORE.mutation_type, "subscription": CORE.subscription_type}
FIELDS = [(kind, name) for kind, root in ROOTS.items() if root for name in root.fields]
LITERALS = {"ID": '"x"', "String": '"x"', "Int": "1", "Boolean": "true", "DateTime": '"2026-01-01T00:00:00Z"',
            "CountryCode": '"DE"', "Decimal": '"1"', "Date": '"2026-01-01"'}  # fmt: skip


def literal(type_: GraphQLInputType) -> str:
    """Any valid literal of a type."""
    if isinstance(type_, GraphQLNonNull):
        return literal(type_.of_type)
    if isinstance(type_, GraphQLList):
        return f"[{literal(type_.of_type)}]"
    if is_enum_type(type_):
        return str(next(iter(type_.values)))
    if is_input_object_type(type_):
        required = {name: field for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)}
        chosen = required or dict([next(iter(type_.fields.items()))])
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in chosen.items()) + "}"
    assert is_leaf_type(type_)
    return LITERALS[type_.name]


def selection(kind: str, name: str, alias: str = "") -> str:
    """A root field with its required arguments and the selection `__typename`."""
    root = ROOTS[kind]
    assert root
    field: GraphQLField = root.fields[name]
    arguments = [
        f"{argument}: {literal(definition.type)}"
        for argument, definition in field.args.items()
        if isinstance(definition.type, GraphQLNonNull)
    ]
    return f"{alias}{name}{'(' + ', '.join(arguments) + ')' if arguments else ''} {{ __typename }}"


def described_scope(kind: str, name: str) -> str | None:
    """The scope in the description of a root field."""
    root: GraphQLObjectType | None = ROOTS[kind]
    assert root
    text = root.fields[name].description or ""
    scopes = re.findall(r"Requires the scope `(\S+)`\.", text)
    assert len(scopes) + text.count("Requires no scope. Any valid API key is accepted.") == 1, (
        f"the description of {kind} {name} does not name its scope"
    )
    return scopes[0] if scopes else None


@pytest.fixture
async def secrets(owner: AsyncEngine) -> dict[str | None, str]:
    """Secrets of API keys by their only scope, and under None that of a key with all scopes."""
    by_scope = {scope: (await account_admin.create_key(owner, "default", scope, [scope])).text for scope in SCOPES}
    return {**by_scope, None: (await account_admin.create_key(owner, "default", "all")).text}


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as number:
        yield number


def test_the_description_of_a_field_names_its_scope() -> None:
    for kind, name in FIELDS:
        root = ROOTS[kind]
        assert root
        assert authorization.scope_of(root.fields[name]) == described_scope(kind, name)


def test_queries_and_mutations_require_the_expected_scopes() -> None:
    exceptions: dict[str, str | None] = {
        "viewer": None, "apiKeys": "admin", "apiKeyCreate": "admin", "apiKeyRevoke": "admin",
        "trackingEventsRecord": "events:write", "trackingEventVoid": "events:write",
    }  # fmt: skip
    defaults = {"query": "shipments:read", "mutation": "shipments:write", "subscription": "shipments:read"}
    assert {name: described_scope(kind, name) for kind, name in FIELDS} == {
        name: exceptions.get(name, defaults[kind]) for kind, name in FIELDS
    }


@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_a_key_with_the_required_scope_is_accepted_and_all_others_are_rejected(
    kind: str, execute: Execute, secrets: dict[str | None, str], statements: list[str]
) -> None:
    for name in (name for field_kind, name in FIELDS if field_kind == kind):
        required, document = described_scope(kind, name), f"{kind} {{ {selection(kind, name, 'a: ')} }}"
        for scope in SCOPES:
            headers = {"authorization": f"Bearer {secrets[scope]}"}
            statements.clear()
            if required in (None, scope):
                response = await execute(document, headers=headers)
                assert "data" in response, response
            else:
                (error,) = (await execute(document, headers=headers, status=403))["errors"]
                assert error["message"] == (f"`{name}` requires the scope {required}, which the API key does not have.")
                assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["a"])
                assert statements == []


async def test_subscriptions_are_rejected_in_the_same_way_over_websocket_and_sse(
    port: int, secrets: dict[str | None, str]
) -> None:
    for kind, name in FIELDS:
        if kind != "subscription":
            continue
        document = f"subscription {{ {selection(kind, name)} }}"
        for scope in (WRITE, EVENTS, ADMIN):
            async with WebSocketClient(port) as socket:
                await socket.connection_init(Authorization=f"Bearer {secrets[scope]}")
                await socket.subscribe(document)
                message = await socket.receive()
                assert message["type"] == "error"
                (error,) = message["payload"]
                assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", [name])
                await socket.subscribe("{ viewer { scopes } }", name="2")
                assert (await socket.receive())["payload"] == {"data": {"viewer": {"scopes": [scope]}}}
            with pytest.raises(AssertionError, match=r"403.*FORBIDDEN"):
                async with sse_events(port, document, key=secrets[scope]):
                    pass
        async with sse_events(port, document, key=secrets[READ]) as stream:
            await anext(stream)


async def test_queries_and_mutations_are_rejected_over_websocket(port: int, secrets: dict[str | None, str]) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init(Authorization=f"Bearer {secrets[EVENTS]}")
        for document in (f"{{ {CARRIERS} }}", 'mutation { shipmentConfirm(by: {id: "x"}) { __typename } }'):
            await socket.subscribe(document)
            message = await socket.receive()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


CARRIERS = "carriers { __typename }"


@pytest.mark.parametrize(
    "document",
    [
        f"{{ viewer {{ account }} {CARRIERS} }}",
        f"{{ ... {{ ... on Query {{ {CARRIERS} }} }} }}",
        f"{{ ...A }} fragment A on Query {{ viewer {{ account }} ...B }} fragment B on Query {{ {CARRIERS} }}",
        "query($yes: Boolean = false) { carriers @include(if: $yes) { __typename } __typename }",
        "{ carriers @skip(if: true) { __typename } __typename }",
        "{ x: __typename carriers { __typename } }",
    ],
)
async def test_a_field_is_found_anywhere_in_the_document(
    document: str, execute: Execute, secrets: dict[str | None, str], statements: list[str]
) -> None:
    headers = {"authorization": f"Bearer {secrets[ADMIN]}"}
    statements.clear()
    response = await execute(document, headers=headers, status=403)
    assert response["errors"][0]["path"] == ["carriers"]
    assert "data" not in response
    assert statements == []
    await execute(document, headers={"authorization": f"Bearer {secrets[READ]}"})


async def test_one_mutation_without_its_scope_stops_all_others(
    execute: Execute, secrets: dict[str | None, str]
) -> None:
    document = """mutation {
      carrierSave(code: "acme", input: {name: "Acme"}) { carrier { code } }
      apiKeyCreate(input: {name: "n", scopes: ["admin"]}) { secret }
    }"""
    await execute(document, headers={"authorization": f"Bearer {secrets[WRITE]}"}, status=403)
    response = await execute("{ carriers { nodes { code } } }", headers={"authorization": f"Bearer {secrets[READ]}"})
    assert response["data"]["carriers"]["nodes"] == []


async def test_operations_that_are_not_executed_require_no_scope(
    client: httpx.AsyncClient, secrets: dict[str | None, str]
) -> None:
    body = {"query": f"query A {{ viewer {{ account }} }} query B {{ {CARRIERS} }}", "operationName": "A"}
    headers = {"authorization": f"Bearer {secrets[ADMIN]}"}
    assert (await client.post("/graphql", json=body, headers=headers)).status_code == 200
    assert (await client.post("/graphql", json={**body, "operationName": "B"}, headers=headers)).status_code == 403


async def test_introspection_requires_a_valid_key_and_no_scope(
    execute: Execute, secrets: dict[str | None, str]
) -> None:
    document = '{ __schema { queryType { name } } __type(name: "Shipment") { name } __typename }'
    for secret in secrets.values():
        assert "errors" not in await execute(document, headers={"authorization": f"Bearer {secret}"})
    await execute(document, status=401)
