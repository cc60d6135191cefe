"""The concurrency limiter (slots, queue, turns between clients) and the rate limiter (a budget for each client)."""

import asyncio
import time

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.errors import request_errors
from graphql_app.execution.concurrency_limiter import ConcurrencyLimiter
from graphql_app.execution.rate_limiter import MAX_CLIENTS, RateLimiter
from graphql_app.settings import Settings
from tests.support.live_server import client_with_settings

PAGE = "{ shipments(first: 100) { nodes { id } } }"


async def run_pending_tasks() -> None:
    """Let all tasks run until each waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_free_slot_is_assigned_immediately() -> None:
    limiter = ConcurrencyLimiter(5, 10, 1.0, 0.2)
    for _ in range(4):
        await limiter.acquire("a")
    await limiter.acquire("b")
    assert (limiter.free, limiter.waiting) == (0, 0)
    for client in ("a", "a", "b", "a", "a"):
        limiter.release(client)
    assert (limiter.free, limiter.running, dict(limiter.queues)) == (5, {}, {})


async def test_one_client_cannot_take_all_slots() -> None:
    limiter = ConcurrencyLimiter(10, 10, 0.05, 0.2)
    for _ in range(8):
        await limiter.acquire("greedy")
    with pytest.raises(request_errors.Overloaded):
        await limiter.acquire("greedy")
    await limiter.acquire("modest")
    assert limiter.free == 1


async def test_waiting_clients_take_turns() -> None:
    limiter = ConcurrencyLimiter(2, 100, 5.0, 0.2)
    await limiter.acquire("greedy")
    await limiter.acquire("other")
    order: list[str] = []

    async def run(client: str) -> None:
        await limiter.acquire(client)
        order.append(client)
        await asyncio.sleep(0)
        limiter.release(client)

    waiting = [asyncio.create_task(run("greedy")) for _ in range(20)]
    await run_pending_tasks()
    waiting.append(asyncio.create_task(run("modest")))
    await run_pending_tasks()
    limiter.release("other")
    limiter.release("greedy")
    await asyncio.gather(*waiting)
    assert order.index("modest") <= 2
    assert (limiter.free, limiter.waiting, limiter.running, dict(limiter.queues)) == (2, 0, {}, {})


async def test_operations_are_rejected_after_the_queue_timeout_and_if_the_queue_is_full() -> None:
    limiter = ConcurrencyLimiter(1, 4, 0.05, 0.2)
    await limiter.acquire("a")
    started = time.monotonic()
    waiting = [asyncio.create_task(limiter.acquire(client)) for client in ("a", "b", "c", "d")]
    await run_pending_tasks()
    with pytest.raises(request_errors.Overloaded):
        await limiter.acquire("e")
    assert time.monotonic() - started < 0.04, "rejected immediately"
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [request_errors.Overloaded] * 4
    limiter.release("a")
    assert (limiter.free, limiter.waiting, limiter.running, dict(limiter.queues)) == (1, 0, {}, {})


async def test_one_client_cannot_fill_the_whole_queue() -> None:
    limiter = ConcurrencyLimiter(1, 10, 0.05, 0.2)
    await limiter.acquire("x")
    greedy = [asyncio.create_task(limiter.acquire("greedy")) for _ in range(30)]
    await run_pending_tasks()
    assert limiter.waiting == 6
    modest = asyncio.create_task(limiter.acquire("modest"))
    await run_pending_tasks()
    assert limiter.waiting == 7
    await asyncio.gather(*greedy, modest, return_exceptions=True)


@pytest.mark.parametrize("when", ["while waiting", "when the slot is assigned"])
async def test_a_cancelled_operation_does_not_lose_its_slot(when: str) -> None:
    limiter = ConcurrencyLimiter(1, 10, 5.0, 0.2)
    await limiter.acquire("a")
    first, second = asyncio.create_task(limiter.acquire("b")), asyncio.create_task(limiter.acquire("c"))
    await run_pending_tasks()
    if when == "while waiting":
        first.cancel()
        limiter.release("a")
    else:
        limiter.release("a")
        first.cancel()
    await run_pending_tasks()
    assert first.cancelled()
    assert second.done(), "the next client has the slot"
    limiter.release("c")
    assert (limiter.free, limiter.waiting, limiter.running, dict(limiter.queues)) == (1, 0, {}, {})


def test_a_budget_can_be_used_up_and_refills() -> None:
    clock = [0.0]
    limiter = RateLimiter(100, 500, now=lambda: clock[0])
    limiter.check("a")
    limiter.charge("a", 700)
    with pytest.raises(request_errors.RateLimited) as rejected:
        limiter.check("a")
    assert rejected.value.retry_after == 3
    limiter.check("b")
    clock[0] = 2.5
    limiter.check("a")
    assert limiter.remaining("a") == 50
    clock[0] = 100
    assert limiter.remaining("a") == 500, "no more than the burst"


def test_the_number_of_stored_budgets_is_bounded() -> None:
    limiter = RateLimiter(1, 1)
    for number in range(MAX_CLIENTS + 100):
        limiter.charge(str(number), 1)
    assert len(limiter.buckets) == MAX_CLIENTS


async def test_a_client_without_points_is_rejected_until_the_time_in_retry_after(
    engine: AsyncEngine, settings: Settings
) -> None:
    async with client_with_settings(engine, settings, rate_limit=100.0, rate_limit_burst=250.0) as client:
        spent = 0
        for _ in range(3):
            response = await client.post("/graphql", json={"query": PAGE, "extensions": {"cost": True}})
            assert response.status_code == 200
            cost = response.json()["extensions"]["cost"]
            spent += cost["requested"]
            assert cost["perSecond"] == 100
            assert cost["available"] <= max(0, 250 - spent + 20)
        rejected = await client.post("/graphql", json={"query": PAGE})
        assert rejected.status_code == 429
        assert rejected.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 1 <= int(rejected.headers["retry-after"]) <= 2
        await asyncio.sleep(int(rejected.headers["retry-after"]))
        assert (await client.post("/graphql", json={"query": PAGE})).status_code == 200


async def test_by_default_there_is_no_rate_limit(client: httpx.AsyncClient) -> None:
    responses = await asyncio.gather(*(client.post("/graphql", json={"query": PAGE}) for _ in range(30)))
    assert {response.status_code for response in responses} == {200}
