"""Upper bound for Python: each POST runs one SQL statement, whose result is sent as the response.

`app` uses Starlette, `raw` does not. No GraphQL: the operation name selects the statement.
"""

import os
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SQL = {path.stem: path.read_text() for path in Path(__file__).parent.glob("??.sql")}
ARGUMENTS = {
    "Q1": lambda v: (v["tn"],),
    "Q2": lambda v: (datetime.fromisoformat(v["createdAt"]), UUID(v["id"])),
    "Q3": lambda v: (datetime.fromisoformat(v["createdAt"]), UUID(v["id"])),
    "M1": lambda v: (orjson.dumps(v["input"]),),
}


class Connection(asyncpg.Connection):
    """A connection without asyncpg's reset statement, which is a second round trip on each release to the pool."""

    def get_reset_query(self):
        return ""


async def init(connection):
    # JSON as bytes in both directions, so that the response is not decoded
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=lambda b: b, decoder=lambda b: b, format="binary"
    )


pool = None


async def open_pool():
    global pool
    pool = await asyncpg.create_pool(
        host=os.environ["BENCH_PG_HOST"],
        user="postgres",
        database=os.environ["BENCH_PG_DB"],
        min_size=10,
        max_size=10,
        init=init,
        connection_class=Connection,
    )


async def respond(body: bytes) -> bytes:
    """The response to a request body."""
    request = orjson.loads(body)
    name = request.get("operationName")
    if name not in SQL:
        return b'{"data":{"__typename":"Query"}}'
    return await pool.fetchval(SQL[name], *ARGUMENTS[name](request["variables"]))


async def endpoint(request: Request) -> Response:
    return Response(await respond(await request.body()), media_type="application/json")


@asynccontextmanager
async def lifespan(app):
    await open_pool()
    yield


app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])], lifespan=lifespan)


async def raw(scope, receive, send):
    """The same as a plain ASGI application."""
    if scope["type"] == "lifespan":
        await receive()
        await open_pool()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    content = await respond(body)
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": content})
