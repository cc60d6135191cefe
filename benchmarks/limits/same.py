"""Upper bound with the project's SQL: each POST runs the statement that the project compiles, and sends its result.

Starlette, uvicorn and asyncpg, without GraphQL: the operation name selects the statement.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATEMENTS: dict[str, Any] = orjson.loads((Path(os.environ["BENCH_BUILD"]) / "statements.json").read_bytes())


class Connection(asyncpg.Connection):
    """A connection without asyncpg's reset statement, which is a second round trip on each release to the pool."""

    def get_reset_query(self) -> str:
        return ""


def arguments(name: str, variables: dict[str, Any]) -> list[object]:
    """The statement's parameters in order."""
    values = {
        "account": UUID(STATEMENTS["account"]),
        "number": variables.get("tn"),
        "created_at": variables.get("createdAt") and datetime.fromisoformat(variables["createdAt"]),
        "id": variables.get("id") and UUID(variables["id"]),
    }
    return [values[parameter] for parameter in STATEMENTS[name]["parameters"]]


async def endpoint(request: Request) -> Response:
    """Execute the statement of an operation and return its bytes."""
    body = orjson.loads(await request.body())
    name = body.get("operationName")
    if name not in STATEMENTS:
        return Response(b'{"data":{"__typename":"Query"}}', media_type="application/json")
    pool = request.app.state.pool
    result: bytes = await pool.fetchval(STATEMENTS[name]["sql"], *arguments(name, body["variables"]))
    return Response(STATEMENTS[name]["before"].encode() + result + b"}}", media_type="application/json")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open and close the pool."""
    url = make_url(os.environ["POSTGRES_URL"])
    app.state.pool = await asyncpg.create_pool(
        host=url.query["host"], user=url.username, database=url.database, min_size=10, max_size=10,
        connection_class=Connection, server_settings={"jit": "off", "timezone": "UTC"},
        statement_cache_size=300, max_cacheable_statement_size=0,
    )  # fmt: skip
    yield
    await app.state.pool.close()


app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])], lifespan=lifespan)
