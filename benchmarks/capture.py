"""Reads from the project what the comparison needs: its cursors, and the SQL statements that it compiles."""

import asyncio
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import event

from benchmarks import requests
from benchmarks.data import Postgres
from benchmarks.paths import BUILD, OWN
from benchmarks.targets import TARGETS
from graphql_app import settings
from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module

CURSORS = """query($after: String) {
  shipments(first: 250, after: $after, where: {status: {eq: IN_TRANSIT}}) {
    edges { cursor node { id } } pageInfo { hasNextPage endCursor }
  }
}"""


def prepare(postgres: Postgres, key: str) -> None:
    """Write `cursors.json` and `statements.json`."""
    asyncio.run(capture(postgres, key))


async def capture(postgres: Postgres, key: str) -> None:
    """Run the project in process and write both files."""
    settings_ = settings.read(postgres_url=postgres.url_of(OWN), demo=False)
    engine = make_engine(postgres.url_of(OWN), settings_)
    sent: list[tuple[str, Any]] = []

    def on_connect(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(lambda record: sent.append((record.query, record.args)))

    event.listen(engine.sync_engine, "connect", on_connect)
    app = app_module.create_app(settings_, engine=engine)
    async with app.router.lifespan_context(app):
        transport, headers = httpx.ASGITransport(app), {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            (BUILD / "cursors.json").write_text(json.dumps(await cursors(client)))
            (BUILD / "statements.json").write_text(json.dumps(await statements(client, postgres, sent)))
    await engine.dispose()


async def cursors(client: httpx.AsyncClient) -> dict[str, str]:
    """The project's cursor of each shipment in transit, by shipment id."""
    cursors_: dict[str, str] = {}
    after = None
    while True:
        page = await query_data(client, CURSORS, {"after": after})
        cursors_ |= {edge["node"]["id"][4:]: edge["cursor"] for edge in page["shipments"]["edges"]}
        after = page["shipments"]["pageInfo"]["endCursor"]
        if not page["shipments"]["pageInfo"]["hasNextPage"]:
            return cursors_


async def query_data(client: httpx.AsyncClient, query: str, variables: dict[str, Any], name: str | None = None) -> Any:
    """The data of a query; fails on errors."""
    body = {"query": query, "variables": variables, "operationName": name}
    response = (await client.post("/graphql", json=body)).json()
    assert "errors" not in response, response
    return response["data"]


async def statements(client: httpx.AsyncClient, postgres: Postgres, sent: list[tuple[str, Any]]) -> dict[str, Any]:
    """For each query workload: the SQL, the names of its parameters, and the text before its result in the response."""
    account: str | None = None
    queries = requests.dialect(TARGETS["project"].dialect)[1]
    result: dict[str, Any] = {}
    rows = await asyncio.to_thread(requests.pages, postgres)
    for workload in ("Q1", "Q2", "Q3"):
        inputs = {"tn": "TRK000000000042", **requests.page_start(rows[100])}
        variables = requests.fill(requests.dialect(TARGETS["project"].dialect)[0]["variables"][workload], inputs)
        sent.clear()
        await query_data(client, queries[workload], variables, workload)
        await asyncio.sleep(0.1)  # asyncpg calls query loggers in a later event loop iteration
        (sql, values) = next((sql, values) for sql, values in sent if "convert_to" in sql)
        parameter_names = {
            inputs["tn"]: "number",
            datetime.fromisoformat(inputs["createdAt"]): "created_at",
            UUID(inputs["id"]): "id",
        }
        plain_values = [UUID(int=value.int) if isinstance(value, UUID) else value for value in values]
        names = [parameter_names.get(value, "account") for value in plain_values]
        account = account or next(str(value) for value, name in zip(values, names, strict=True) if name == "account")
        field = "shipment" if workload == "Q1" else "shipments"
        result[workload] = {"sql": sql, "parameters": names, "before": f'{{"data":{{"{field}":'}
    return {**result, "account": account}
