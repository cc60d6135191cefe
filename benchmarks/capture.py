"""What the comparison needs of the project itself: its cursors, and the statements that it compiles."""

import asyncio
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import event

from benchmarks import requests
from benchmarks.data import Postgres
from benchmarks.places import BUILD, OWN
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
    given = settings.read(postgres_url=postgres.url_of(OWN), demo=False)
    engine = make_engine(postgres.url_of(OWN), given)
    sent: list[tuple[str, Any]] = []

    def connected(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(lambda record: sent.append((record.query, record.args)))

    event.listen(engine.sync_engine, "connect", connected)
    app = app_module.create_app(given, engine=engine)
    async with app.router.lifespan_context(app):
        transport, headers = httpx.ASGITransport(app), {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            (BUILD / "cursors.json").write_text(json.dumps(await cursors(client)))
            (BUILD / "statements.json").write_text(json.dumps(await statements(client, postgres, sent)))
    await engine.dispose()


async def cursors(client: httpx.AsyncClient) -> dict[str, str]:
    """The project's cursor of every shipment in transit, by its identity."""
    found: dict[str, str] = {}
    after = None
    while True:
        page = await ask(client, CURSORS, {"after": after})
        found |= {edge["node"]["id"][4:]: edge["cursor"] for edge in page["shipments"]["edges"]}
        after = page["shipments"]["pageInfo"]["endCursor"]
        if not page["shipments"]["pageInfo"]["hasNextPage"]:
            return found


async def ask(client: httpx.AsyncClient, query: str, variables: dict[str, Any], name: str | None = None) -> Any:
    asked = {"query": query, "variables": variables, "operationName": name}
    answer = (await client.post("/graphql", json=asked)).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def statements(client: httpx.AsyncClient, postgres: Postgres, sent: list[tuple[str, Any]]) -> dict[str, Any]:
    """For each workload that reads: the SQL, what its parameters are, and what stands before its answer."""
    account: str | None = None
    queries = requests.dialect(TARGETS["project"].dialect)[1]
    found: dict[str, Any] = {}
    rows = await asyncio.to_thread(requests.pages, postgres)
    for workload in ("Q1", "Q2", "Q3"):
        given = {"tn": "TRK000000000042", **requests.place(rows[100])}
        variables = requests.fill(requests.dialect(TARGETS["project"].dialect)[0]["variables"][workload], given)
        sent.clear()
        await ask(client, queries[workload], variables, workload)
        await asyncio.sleep(0.1)  # the driver tells its loggers in a later turn of the loop
        (sql, values) = next((sql, values) for sql, values in sent if "convert_to" in sql)
        known = {
            given["tn"]: "number",
            datetime.fromisoformat(given["createdAt"]): "created_at",
            UUID(given["id"]): "id",
        }
        plain = [UUID(int=value.int) if isinstance(value, UUID) else value for value in values]
        names = [known.get(value, "account") for value in plain]
        account = account or next(str(value) for value, name in zip(values, names, strict=True) if name == "account")
        field = "shipment" if workload == "Q1" else "shipments"
        found[workload] = {"sql": sql, "parameters": names, "before": f'{{"data":{{"{field}":'}
    return {**found, "account": account}
