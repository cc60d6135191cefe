"""The exported schema: up to date, complete in its words, and parsed by others."""

from pathlib import Path

import httpx
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.schema import build
from tests.support.graphql_client import Ask

FILE = Path(__file__).parents[2] / "schema.graphql"


def test_the_exported_file_is_fresh() -> None:
    assert FILE.read_text() == build.sdl(build.build()), "run `make schema`"


async def test_it_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/schema.graphql")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == FILE.read_text()


async def test_a_second_schema_in_the_process_changes_nothing_for_the_first(ask: Ask, owner: AsyncEngine) -> None:
    await ask("{ viewer { account } }")
    build.build()
    async with owner.begin() as connection:
        await connection.execute(
            text("INSERT INTO carrier (account_id, code, name) SELECT id, 'acme', 'Acme' FROM account")
        )
    (carrier,) = (await ask("{ carriers { nodes { id } } }"))["data"]["carriers"]["nodes"]
    answer = await ask("query Find($id: ID!) { node(id: $id) { id ... on Carrier { code } } }", carrier)
    assert answer == {"data": {"node": {**carrier, "code": "acme"}}}


def test_everything_is_described() -> None:
    nameless = []
    for name, kind in build_schema(FILE.read_text()).type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not kind.description:
            nameless.append(name)
        if isinstance(kind, GraphQLEnumType):
            nameless += [f"{name}.{key}" for key, value in kind.values.items() if not value.description]
        if isinstance(kind, GraphQLInputObjectType):
            nameless += [f"{name}.{key}" for key, field in kind.fields.items() if not field.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in kind.fields.items():
                nameless += [] if field.description else [f"{name}.{key}"]
                nameless += [f"{name}.{key}({at})" for at, value in field.args.items() if not value.description]
    assert nameless == []
