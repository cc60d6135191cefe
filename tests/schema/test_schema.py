"""The exported schema: up to date, served over HTTP, and described completely."""

from pathlib import Path

import httpx
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.schema import build
from tests.support.graphql_client import Execute

FILE = Path(__file__).parents[2] / "schema.graphql"


def test_the_exported_file_is_up_to_date() -> None:
    assert FILE.read_text() == build.sdl(build.build()), "run `make schema`"


async def test_the_schema_is_served_as_text(client: httpx.AsyncClient) -> None:
    response = await client.get("/schema.graphql")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == FILE.read_text()


async def test_building_a_second_schema_does_not_affect_the_first(execute: Execute, owner: AsyncEngine) -> None:
    await execute("{ viewer { account } }")
    build.build()
    async with owner.begin() as connection:
        await connection.execute(
            text("INSERT INTO carrier (account_id, code, name) SELECT id, 'acme', 'Acme' FROM account")
        )
    (carrier,) = (await execute("{ carriers { nodes { id } } }"))["data"]["carriers"]["nodes"]
    response = await execute("query Find($id: ID!) { node(id: $id) { id ... on Carrier { code } } }", carrier)
    assert response == {"data": {"node": {**carrier, "code": "acme"}}}


def test_every_element_has_a_description() -> None:
    undescribed = []
    for name, type_ in build_schema(FILE.read_text()).type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not type_.description:
            undescribed.append(name)
        if isinstance(type_, GraphQLEnumType):
            undescribed += [f"{name}.{key}" for key, value in type_.values.items() if not value.description]
        if isinstance(type_, GraphQLInputObjectType):
            undescribed += [f"{name}.{key}" for key, field in type_.fields.items() if not field.description]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in type_.fields.items():
                undescribed += [] if field.description else [f"{name}.{key}"]
                undescribed += [
                    f"{name}.{key}({argument})" for argument, value in field.args.items() if not value.description
                ]
    assert undescribed == []
