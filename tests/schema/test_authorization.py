"""Scopes: every root field needs exactly the one that its description names, however one asks."""

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
from tests.support.graphql_client import Ask
from tests.support.live_server import serving
from tests.support.streaming_clients import Socket, events

CORE = build.build()._schema
ROOTS = {"query": CORE.query_type, "mutation": CORE.mutation_type, "subscription": CORE.subscription_type}
FIELDS = [(kind, name) for kind, root in ROOTS.items() if root for name in root.fields]
LITERALS = {"ID": '"x"', "String": '"x"', "Int": "1", "Boolean": "true", "DateTime": '"2026-01-01T00:00:00Z"',
            "CountryCode": '"DE"', "Decimal": '"1"', "Date": '"2026-01-01"'}  # fmt: skip


def literal(kind: GraphQLInputType) -> str:
    """Some value of a type."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{literal(kind.of_type)}]"
    if is_enum_type(kind):
        return str(next(iter(kind.values)))
    if is_input_object_type(kind):
        required = {name: field for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        chosen = required or dict([next(iter(kind.fields.items()))])
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in chosen.items()) + "}"
    assert is_leaf_type(kind)
    return LITERALS[kind.name]


def question(kind: str, name: str, alias: str = "") -> str:
    """A root field with what it must be given, and of its answer nothing but the type's name."""
    root = ROOTS[kind]
    assert root
    field: GraphQLField = root.fields[name]
    given = [f"{at}: {literal(arg.type)}" for at, arg in field.args.items() if isinstance(arg.type, GraphQLNonNull)]
    return f"{alias}{name}{'(' + ', '.join(given) + ')' if given else ''} {{ __typename }}"


def said(kind: str, name: str) -> str | None:
    """The scope in a field's description."""
    root: GraphQLObjectType | None = ROOTS[kind]
    assert root
    text = root.fields[name].description or ""
    found = re.findall(r"Requires the scope `(\S+)`\.", text)
    assert len(found) + text.count("Requires no scope. Any valid API key is accepted.") == 1, (
        f"{kind} {name} says nothing of scopes"
    )
    return found[0] if found else None


@pytest.fixture
async def secrets(owner: AsyncEngine) -> dict[str | None, str]:
    """A key for each scope that has this scope alone, and under None one that has all scopes."""
    made = {one: (await account_admin.create_key(owner, "default", one, [one])).text for one in SCOPES}
    return {**made, None: (await account_admin.create_key(owner, "default", "all")).text}


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with serving(app, settings) as number:
        yield number


def test_what_a_field_says_is_what_it_needs() -> None:
    for kind, name in FIELDS:
        root = ROOTS[kind]
        assert root
        assert authorization.scope_of(root.fields[name]) == said(kind, name)


def test_reads_need_one_scope_and_writes_another() -> None:
    special: dict[str, str | None] = {
        "viewer": None, "apiKeys": "admin", "apiKeyCreate": "admin", "apiKeyRevoke": "admin",
        "trackingEventsRecord": "events:write", "trackingEventVoid": "events:write",
    }  # fmt: skip
    usual = {"query": "shipments:read", "mutation": "shipments:write", "subscription": "shipments:read"}
    assert {name: said(kind, name) for kind, name in FIELDS} == {
        name: special.get(name, usual[kind]) for kind, name in FIELDS
    }


@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_a_key_with_this_scope_alone_is_let_in_and_all_others_are_not(
    kind: str, ask: Ask, secrets: dict[str | None, str], statements: list[str]
) -> None:
    for name in (name for one, name in FIELDS if one == kind):
        needed, document = said(kind, name), f"{kind} {{ {question(kind, name, 'a: ')} }}"
        for scope in SCOPES:
            headers = {"authorization": f"Bearer {secrets[scope]}"}
            statements.clear()
            if needed in (None, scope):
                answer = await ask(document, headers=headers)
                assert "data" in answer, answer
            else:
                (error,) = (await ask(document, headers=headers, status=403))["errors"]
                assert error["message"] == f"The API key lacks the scope {needed}, which `{name}` needs."
                assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["a"])
                assert statements == []


async def test_subscriptions_are_refused_in_the_same_words_over_both_wires(
    port: int, secrets: dict[str | None, str]
) -> None:
    for kind, name in FIELDS:
        if kind != "subscription":
            continue
        document = f"subscription {{ {question(kind, name)} }}"
        for scope in (WRITE, EVENTS, ADMIN):
            async with Socket(port) as socket:
                await socket.init(Authorization=f"Bearer {secrets[scope]}")
                await socket.subscribe(document)
                message = await socket.receive()
                assert message["type"] == "error"
                (error,) = message["payload"]
                assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", [name])
                await socket.subscribe("{ viewer { scopes } }", name="2")
                assert (await socket.receive())["payload"] == {"data": {"viewer": {"scopes": [scope]}}}
            with pytest.raises(AssertionError, match=r"403.*FORBIDDEN"):
                async with events(port, document, key=secrets[scope]):
                    pass
        async with events(port, document, key=secrets[READ]) as stream:
            await anext(stream)


async def test_queries_and_mutations_are_refused_over_a_socket_too(port: int, secrets: dict[str | None, str]) -> None:
    async with Socket(port) as socket:
        await socket.init(Authorization=f"Bearer {secrets[EVENTS]}")
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
async def test_a_field_is_found_wherever_it_stands(
    document: str, ask: Ask, secrets: dict[str | None, str], statements: list[str]
) -> None:
    headers = {"authorization": f"Bearer {secrets[ADMIN]}"}
    statements.clear()
    answer = await ask(document, headers=headers, status=403)
    assert answer["errors"][0]["path"] == ["carriers"]
    assert "data" not in answer
    assert statements == []
    await ask(document, headers={"authorization": f"Bearer {secrets[READ]}"})


async def test_one_mutation_that_is_not_allowed_stops_the_others(ask: Ask, secrets: dict[str | None, str]) -> None:
    document = """mutation {
      carrierSave(code: "acme", input: {name: "Acme"}) { carrier { code } }
      apiKeyCreate(input: {name: "n", scopes: ["admin"]}) { secret }
    }"""
    await ask(document, headers={"authorization": f"Bearer {secrets[WRITE]}"}, status=403)
    found = await ask("{ carriers { nodes { code } } }", headers={"authorization": f"Bearer {secrets[READ]}"})
    assert found["data"]["carriers"]["nodes"] == []


async def test_another_operation_of_the_document_needs_nothing(
    client: httpx.AsyncClient, secrets: dict[str | None, str]
) -> None:
    body = {"query": f"query A {{ viewer {{ account }} }} query B {{ {CARRIERS} }}", "operationName": "A"}
    headers = {"authorization": f"Bearer {secrets[ADMIN]}"}
    assert (await client.post("/graphql", json=body, headers=headers)).status_code == 200
    assert (await client.post("/graphql", json={**body, "operationName": "B"}, headers=headers)).status_code == 403


async def test_the_schema_may_be_asked_for_with_any_key_and_not_without(
    ask: Ask, secrets: dict[str | None, str]
) -> None:
    document = '{ __schema { queryType { name } } __type(name: "Shipment") { name } __typename }'
    for secret in secrets.values():
        assert "errors" not in await ask(document, headers={"authorization": f"Bearer {secret}"})
    await ask(document, status=401)
