"""Writes that wait for row locks leave slots and queue places to reads: of the same client and of others."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.errors import request_errors
from graphql_app.execution.concurrency_limiter import ConcurrencyLimiter
from graphql_app.settings import Settings
from tests.execution.test_limiters import run_pending_tasks
from tests.support.live_server import client_with_settings

CREATE = 'mutation { shipmentCreate(input: {shipper: {name: "x", country: DE}}) { shipment { id } } }'
UPDATE = 'mutation($id: ID!) { shipmentUpdate(by: {id: $id}, input: {tagsAdd: ["late"]}) { errors { message } } }'
READ = "query($id: ID!) { shipment(by: {id: $id}) { tags } }"


async def test_writes_take_neither_all_slots_nor_all_slots_of_their_client() -> None:
    limiter = ConcurrencyLimiter(10, 10, 5.0, 0.2)
    for _ in range(6):
        await limiter.acquire("a", write=True)
    seventh = asyncio.create_task(limiter.acquire("a", write=True))
    await run_pending_tasks()
    assert not seventh.done()
    for _ in range(2):
        await limiter.acquire("b", write=True)
    third_of_b = asyncio.create_task(limiter.acquire("b", write=True))
    await run_pending_tasks()
    assert (limiter.free, limiter.writes, limiter.waiting_writes) == (2, 8, 2)
    await limiter.acquire("a")
    await limiter.acquire("c")
    limiter.release("a", write=True)
    await run_pending_tasks()
    assert seventh.done()
    assert not third_of_b.done()
    limiter.release("a", write=True)
    await run_pending_tasks()
    assert third_of_b.done()
    for client, write in [("a", False), ("c", False), *[("a", True)] * 5, *[("b", True)] * 3]:
        limiter.release(client, write=write)
    assert (limiter.free, limiter.waiting, limiter.writes) == (10, 0, 0)
    assert (limiter.running, limiter.writing, dict(limiter.queues)) == ({}, {}, {})


async def test_waiting_writes_leave_places_in_the_queue_to_reads_of_the_same_client() -> None:
    limiter = ConcurrencyLimiter(5, 20, 5.0, 0.2)
    for _ in range(3):
        await limiter.acquire("a", write=True)
    writes = [asyncio.create_task(limiter.acquire("a", write=True)) for _ in range(20)]
    await run_pending_tasks()
    assert limiter.waiting_writes == 9
    rejected = [task for task in writes if task.done()]
    assert {type(task.exception()) for task in rejected} == {request_errors.Overloaded}
    await limiter.acquire("a")  # the last slot that one client may use
    reads = [asyncio.create_task(limiter.acquire("a")) for _ in range(2)]
    await run_pending_tasks()
    assert limiter.waiting == 11
    limiter.release("a")
    await run_pending_tasks()
    assert [task.done() for task in reads] == [True, False], "a read takes the slot, since no write may"
    for task in (*writes, *reads):
        task.cancel()
    await asyncio.gather(*writes, *reads, return_exceptions=True)
    assert (limiter.waiting, limiter.waiting_writes, dict(limiter.queues)) == (0, 0, {})


async def test_one_released_slot_can_start_two_operations() -> None:
    limiter = ConcurrencyLimiter(2, 20, 5.0, 0.2)
    await limiter.acquire("a", write=True)
    read = asyncio.create_task(limiter.acquire("a"))
    write = asyncio.create_task(limiter.acquire("b", write=True))
    await run_pending_tasks()
    assert (limiter.free, read.done(), write.done()) == (1, False, False), "both shares are used up"
    limiter.release("a", write=True)
    await run_pending_tasks()
    assert (limiter.free, read.done(), write.done()) == (0, True, True)


async def test_with_one_slot_reads_and_writes_take_turns() -> None:
    limiter = ConcurrencyLimiter(1, 10, 5.0, 0.2)
    await limiter.acquire("a", write=True)
    order: list[str] = []

    async def run(name: str, *, write: bool) -> None:
        await limiter.acquire("a", write=write)
        order.append(name)
        limiter.release("a", write=write)

    tasks = [asyncio.create_task(run(f"write {n}", write=True)) for n in range(3)]
    await run_pending_tasks()
    tasks.append(asyncio.create_task(run("read", write=False)))
    await run_pending_tasks()
    limiter.release("a", write=True)
    await asyncio.gather(*tasks)
    assert order == ["write 0", "read", "write 1", "write 2"]
    assert (limiter.free, limiter.waiting, limiter.writes) == (1, 0, 0)


async def test_a_share_of_zero_leaves_everything_to_writes() -> None:
    limiter = ConcurrencyLimiter(10, 10, 5.0, 0.0)
    for _ in range(8):
        await limiter.acquire("a", write=True)
    assert (limiter.max_writes, limiter.max_queued_writes, limiter.free) == (10, 10, 2)


async def post(client: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    """The response to one operation."""
    return await client.post("/graphql", json={"query": query, "variables": variables})


async def waiting_for_locks(engine: AsyncEngine) -> int:
    """Number of connections to this database that wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with engine.connect() as connection:
        return int((await connection.execute(text(query))).scalar_one())


@pytest.mark.parametrize("writers", [8, 59])
async def test_a_client_whose_writes_wait_for_a_row_lock_can_still_read(
    engine: AsyncEngine, owner: AsyncEngine, settings: Settings, writers: int
) -> None:
    """59 are the slots and queue places that one client may take, without a share for reads."""
    async with client_with_settings(engine, settings, pool_size=10, pool_timeout=30.0) as client:
        id_ = (await post(client, CREATE)).json()["data"]["shipmentCreate"]["shipment"]["id"]
        async with owner.connect() as holder:
            await holder.execute(text("SELECT 1 FROM shipment FOR UPDATE"))
            writes = [asyncio.create_task(post(client, UPDATE, id=id_)) for _ in range(writers)]
            async with asyncio.timeout(20):
                while await waiting_for_locks(owner) < 6:  # noqa: ASYNC110 PostgreSQL offers no event for it
                    await asyncio.sleep(0.02)
            reads = await asyncio.gather(*(post(client, READ, id=id_) for _ in range(8)))
            assert [response.json() for response in reads] == [{"data": {"shipment": {"tags": []}}}] * 8
            assert await waiting_for_locks(owner) == 6
            await holder.rollback()
        statuses = [response.status_code for response in await asyncio.gather(*writes)]
        assert statuses.count(200) == min(writers, 6 + 41)
        assert set(statuses) <= {200, 503}
        assert (await post(client, READ, id=id_)).json()["data"]["shipment"]["tags"] == ["late"]
