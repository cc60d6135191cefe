"""The change log: no committed change is skipped, whatever the order of commits, and expired cursors are rejected."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.database import change_log_sql, change_notifier, retention
from graphql_app.query_engine import change_log
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server
from tests.support.streaming_clients import SHIPMENT_CHANGED, ApiClient, WebSocketClient, sse_events

CURSORS = SHIPMENT_CHANGED % "cursor shipmentSeq"
INSERT = f"""
INSERT INTO change (log_position, account_id, entity, entity_id, shipment_id, shipment_seq, op, changed, actor, at)
SELECT {change_log_sql.POSITION}, account_id,
    'shipment', id, id, $2, 'shipment.updated', '{{}}', 'test', now() - $3::float8 * interval '1 day'
FROM shipment WHERE id = $1"""
SHIPMENTS = """
INSERT INTO shipment (account_id, number, direction, status, status_at, status_source, metadata, tags, version)
SELECT id, 'T-' || n, 'OUTBOUND', 'READY', now(), 'COMMAND', '{}', '{}', 1 FROM account, generate_series(1, $1::int) n
RETURNING id"""
LOG = """
SELECT s.number, c.shipment_seq, c.seq FROM change c JOIN shipment s ON s.id = c.shipment_id
ORDER BY c.log_position, c.seq"""


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    """The port of a running server."""
    async with run_server(app, settings) as port:
        yield port


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[list["asyncpg.Connection[Any]"]]:
    """Connections that write directly to the tables, in transactions of any length."""
    assert settings.postgres_url
    opened = [await asyncpg.connect(settings.postgres_url.get_secret_value()) for _ in range(8)]
    yield opened
    await asyncio.gather(*(connection.close() for connection in opened))


async def test_no_reader_skips_a_change_of_a_transaction_that_commits_late(
    port: int, connections: list["asyncpg.Connection[Any]"]
) -> None:
    """Eight writers have overlapping transactions; readers poll over HTTP or subscribe, some of them later."""
    ids = [row["id"] for row in await connections[0].fetch(SHIPMENTS, len(connections))]
    done, total = asyncio.Event(), [0]
    rounds = 40

    async def write(connection: "asyncpg.Connection[Any]", shipment: object) -> None:
        number = 1
        for _ in range(rounds):
            async with connection.transaction():
                for _ in range(random.randint(1, 3)):
                    number += 1
                    await connection.execute(INSERT, shipment, number, 0.0)
                    await asyncio.sleep(random.choice((0, 0.001, 0.02)))
            await asyncio.sleep(random.choice((0, 0.01)))

    async def poll() -> list[tuple[str, int]]:
        received: list[tuple[str, int]] = []
        after = None
        query = """query($after: String) {
            changes(first: 7, after: $after) { nodes { cursor shipmentSeq shipment { number } } } }"""
        async with ApiClient(port) as api:
            while not done.is_set() or len(received) < total[0]:
                nodes = (await api.execute(query, {"after": after}))["changes"]["nodes"]
                if nodes:
                    received += [(node["shipment"]["number"], node["shipmentSeq"]) for node in nodes]
                    after = nodes[-1]["cursor"]
        return received

    async def listen(delay: float) -> list[tuple[str, int]]:
        await asyncio.sleep(delay)
        received: list[tuple[str, int]] = []
        async with WebSocketClient(port) as socket:
            await socket.connection_init()
            await socket.subscribe(SHIPMENT_CHANGED % "cursor shipmentSeq shipment { number }", {"after": ""})
            while not done.is_set() or len(received) < total[0]:
                with contextlib.suppress(TimeoutError):  # the last change may arrive before the total is known
                    (change,) = await socket.changes(1)
                    received.append((change["shipment"]["number"], change["shipmentSeq"]))
        return received

    async def writers() -> None:
        await asyncio.gather(
            *(write(connection, shipment) for connection, shipment in zip(connections, ids, strict=True))
        )
        total[0] = await connections[0].fetchval("SELECT count(*) FROM change")
        done.set()

    _, *readers = await asyncio.wait_for(
        asyncio.gather(writers(), poll(), listen(0), listen(0.1), listen(0.5), poll()), 30
    )
    rows = await connections[0].fetch(LOG)
    assert len(rows) >= rounds * len(connections)
    assert [row["seq"] for row in rows] != sorted(row["seq"] for row in rows), "no transactions overlapped"
    expected = [(row["number"], row["shipment_seq"]) for row in rows]
    for received in readers:
        assert received == expected


async def test_an_open_transaction_delays_later_changes_and_none_is_lost(
    port: int, connections: list["asyncpg.Connection[Any]"]
) -> None:
    slow, quick, *_ = connections
    first_id, second_id = [row["id"] for row in await quick.fetch(SHIPMENTS, 2)]
    async with WebSocketClient(port) as socket:
        await (await socket.connection_init()).subscribe(CURSORS, {"after": ""})
        open_ = slow.transaction()
        await open_.start()
        await slow.execute(INSERT, first_id, 2, 0.0)
        await quick.execute(INSERT, second_id, 2, 0.0)
        with pytest.raises(TimeoutError):
            await socket.receive(1.5)
        await open_.commit()
        first, second = await socket.changes(2)
    assert change_log.decode_position(first["cursor"]) < change_log.decode_position(second["cursor"])


async def test_another_process_is_notified_at_once(engine: AsyncEngine, settings: Settings) -> None:
    """Notification takes less than a quarter of the polling interval."""
    here, there = (app_module.create_app(settings, engine=engine, keyless=True) for _ in range(2))
    async with (
        here.router.lifespan_context(here),
        there.router.lifespan_context(there),
        run_server(here, settings) as near,
        run_server(there, settings) as far,
        ApiClient(near) as api,
        WebSocketClient(far) as socket,
    ):
        await (await socket.connection_init()).subscribe(CURSORS, {"after": ""})
        await api.create()
        await socket.changes(1)
        waits = []
        for _ in range(5):
            await asyncio.sleep(0.3)
            await api.create()
            start = asyncio.get_running_loop().time()
            await socket.changes(1)
            waits.append(asyncio.get_running_loop().time() - start)
        assert sorted(waits)[2] < change_notifier.POLL_SECONDS / 4


async def test_a_change_without_notification_is_found_by_polling(
    port: int, connections: list["asyncpg.Connection[Any]"]
) -> None:
    (shipment,) = [row["id"] for row in await connections[0].fetch(SHIPMENTS, 1)]
    async with WebSocketClient(port) as socket:
        await (await socket.connection_init()).subscribe(CURSORS, {"after": ""})
        await asyncio.sleep(0.2)
        await connections[0].execute(INSERT, shipment, 2, 0.0)  # a program that sends no notification
        assert len(await socket.changes(1, within=2.5)) == 1


@pytest.fixture
async def ten_days_of_changes(connections: list["asyncpg.Connection[Any]"]) -> None:
    """Ten changes, one per day, the last of them today."""
    (shipment,) = [row["id"] for row in await connections[0].fetch(SHIPMENTS, 1)]
    for age in range(9, -1, -1):
        await connections[0].execute(INSERT, shipment, 11 - age, float(age))


QUERY = "query($after: String) { changes(first: 50, after: $after) { nodes { cursor shipmentSeq } } }"


async def test_a_cursor_older_than_the_retained_changes_is_rejected(
    execute: Execute, ten_days_of_changes: None, engine: AsyncEngine, port: int
) -> None:
    nodes = (await execute(QUERY))["data"]["changes"]["nodes"]
    assert len(nodes) == 10
    assert await retention.delete_expired(engine, 5.5) == 3  # of four old changes the newest is retained
    retained = (await execute(QUERY))["data"]["changes"]["nodes"]
    assert retained == nodes[3:]
    for index, node in enumerate(nodes):
        response = await execute(QUERY, {"after": node["cursor"]})
        if index < 3:
            assert response["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
            assert response["data"] == {"changes": None}
        else:
            assert response["data"]["changes"]["nodes"] == nodes[index + 1 :]
    async with WebSocketClient(port) as socket:
        await (await socket.connection_init()).subscribe(CURSORS, {"after": nodes[2]["cursor"]})
        message = await socket.receive()
        assert message["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
        await socket.subscribe(CURSORS, {"after": nodes[3]["cursor"]})
        assert await socket.changes(6) == nodes[4:]


async def test_without_a_retention_period_only_expired_idempotency_keys_are_deleted(
    execute: Execute, ten_days_of_changes: None, engine: AsyncEngine, owner: AsyncEngine
) -> None:
    async with owner.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
                "SELECT id, 'a', 'o', 'k' || n, '', 'DONE', now() + n * interval '1 day' "
                "FROM account, generate_series(-2, 3) n"
            )
        )
    assert await retention.delete_expired(engine, 0) == 3
    assert len((await execute(QUERY))["data"]["changes"]["nodes"]) == 10


async def test_a_client_can_query_the_end_of_the_log_and_follow_from_there(
    execute: Execute, ten_days_of_changes: None, port: int
) -> None:
    end = await execute("{ changes(first: null, last: 1) { pageInfo { endCursor } } shipments { nodes { number } } }")
    cursor = end["data"]["changes"]["pageInfo"]["endCursor"]
    assert cursor == (await execute(QUERY))["data"]["changes"]["nodes"][-1]["cursor"]
    async with sse_events(port, CURSORS, {"after": cursor}) as stream:
        assert (await anext(stream))["id"] == cursor
