"""Who may go on: places and the queue before them, turns between clients, and a budget for each client."""

import asyncio
import time

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.errors import request_errors
from graphql_app.execution.concurrency_limiter import ConcurrencyLimiter
from graphql_app.execution.rate_limiter import MAX_CLIENTS, RateLimiter
from graphql_app.settings import Settings
from tests.support.live_server import client_of

PAGE = "{ shipments(first: 100) { nodes { id } } }"


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_are_given_at_once_while_there_are_any() -> None:
    gate = ConcurrencyLimiter(5, 10, 1.0)
    for _ in range(4):
        await gate.acquire("a")
    await gate.acquire("b")
    assert (gate.free, gate.waiting) == (0, 0)
    for client in ("a", "a", "b", "a", "a"):
        gate.release(client)
    assert (gate.free, gate.running, dict(gate.queues)) == (5, {}, {})


async def test_one_client_never_takes_all_places() -> None:
    gate = ConcurrencyLimiter(10, 10, 0.05)
    for _ in range(8):
        await gate.acquire("greedy")
    with pytest.raises(request_errors.Overloaded):
        await gate.acquire("greedy")
    await gate.acquire("modest")
    assert gate.free == 1


async def test_those_who_wait_are_let_in_by_turns() -> None:
    gate = ConcurrencyLimiter(2, 100, 5.0)
    await gate.acquire("greedy")
    await gate.acquire("other")
    order: list[str] = []

    async def come(client: str) -> None:
        await gate.acquire(client)
        order.append(client)
        await asyncio.sleep(0)
        gate.release(client)

    waiting = [asyncio.create_task(come("greedy")) for _ in range(20)]
    await settle()
    waiting.append(asyncio.create_task(come("modest")))
    await settle()
    gate.release("other")
    gate.release("greedy")
    await asyncio.gather(*waiting)
    assert order.index("modest") <= 2
    assert (gate.free, gate.waiting, gate.running, dict(gate.queues)) == (2, 0, {}, {})


async def test_whoever_waits_too_long_or_comes_to_a_full_queue_is_sent_away() -> None:
    gate = ConcurrencyLimiter(1, 4, 0.05)
    await gate.acquire("a")
    begun = time.monotonic()
    waiting = [asyncio.create_task(gate.acquire(client)) for client in ("a", "b", "c", "d")]
    await settle()
    with pytest.raises(request_errors.Overloaded):
        await gate.acquire("e")
    assert time.monotonic() - begun < 0.04, "at once"
    refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in refused] == [request_errors.Overloaded] * 4
    gate.release("a")
    assert (gate.free, gate.waiting, gate.running, dict(gate.queues)) == (1, 0, {}, {})


async def test_one_client_never_takes_the_whole_queue() -> None:
    gate = ConcurrencyLimiter(1, 10, 0.05)
    await gate.acquire("x")
    greedy = [asyncio.create_task(gate.acquire("greedy")) for _ in range(30)]
    await settle()
    assert gate.waiting == 6
    modest = asyncio.create_task(gate.acquire("modest"))
    await settle()
    assert gate.waiting == 7
    await asyncio.gather(*greedy, modest, return_exceptions=True)


@pytest.mark.parametrize("when", ["while it waits", "as its turn comes"])
async def test_a_place_is_not_lost_with_one_who_gives_up(when: str) -> None:
    gate = ConcurrencyLimiter(1, 10, 5.0)
    await gate.acquire("a")
    first, second = asyncio.create_task(gate.acquire("b")), asyncio.create_task(gate.acquire("c"))
    await settle()
    if when == "while it waits":
        first.cancel()
        gate.release("a")
    else:
        gate.release("a")
        first.cancel()
    await settle()
    assert first.cancelled()
    assert second.done(), "the next one has it"
    gate.release("c")
    assert (gate.free, gate.waiting, gate.running, dict(gate.queues)) == (1, 0, {}, {})


def test_a_budget_is_used_up_and_fills_up_again() -> None:
    clock = [0.0]
    allowance = RateLimiter(100, 500, now=lambda: clock[0])
    allowance.check("a")
    allowance.charge("a", 700)
    with pytest.raises(request_errors.RateLimited) as refused:
        allowance.check("a")
    assert refused.value.retry_after == 3
    allowance.check("b")
    clock[0] = 2.5
    allowance.check("a")
    assert allowance.remaining("a") == 50
    clock[0] = 100
    assert allowance.remaining("a") == 500, "no more than the burst"


def test_budgets_of_many_clients_are_bounded() -> None:
    allowance = RateLimiter(1, 1)
    for number in range(MAX_CLIENTS + 100):
        allowance.charge(str(number), 1)
    assert len(allowance.buckets) == MAX_CLIENTS


async def test_a_client_beyond_its_budget_is_told_when_to_come_again(engine: AsyncEngine, settings: Settings) -> None:
    async with client_of(engine, settings, rate_limit=100.0, rate_limit_burst=250.0) as client:
        spent = 0
        for _ in range(3):
            answer = await client.post("/graphql", json={"query": PAGE, "extensions": {"cost": True}})
            assert answer.status_code == 200
            cost = answer.json()["extensions"]["cost"]
            spent += cost["requested"]
            assert cost["perSecond"] == 100
            assert cost["available"] <= max(0, 250 - spent + 20)
        refused = await client.post("/graphql", json={"query": PAGE})
        assert refused.status_code == 429
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        await asyncio.sleep(int(refused.headers["retry-after"]))
        assert (await client.post("/graphql", json={"query": PAGE})).status_code == 200


async def test_by_default_no_client_has_a_budget(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/graphql", json={"query": PAGE}) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
