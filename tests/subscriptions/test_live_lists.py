"""A client applies the messages of `shipmentChanged` to a list; after each write the list is what the query returns."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette

from graphql_app.query_engine.filters import fields, previous_state
from graphql_app.settings import Settings
from tests.support.live_server import run_server
from tests.support.mutation_client import MutationClient, complete, event
from tests.support.streaming_clients import ApiClient, WebSocketClient

SUBSCRIPTION = """subscription($where: ShipmentWhere, $after: String) {
  shipmentChanged(where: $where, after: $after) { cursor op match shipment { id } } }"""
LIST = "query($where: ShipmentWhere) { shipments(first: 250, where: $where) { nodes { id } } }"
FILTERS: dict[str, dict[str, Any]] = {
    "status": {"status": {"eq": "IN_TRANSIT"}},
    "phase": {"phase": "ACTIVE"},
    "archived only": {"archived": True},
    "archived too": {"archived": None, "tags": {"hasAny": ["red"]}},
    "carrier": {"carrier": {"eq": "ups"}},
    "no carrier": {"carrier": {"isNull": True}},
    "tags": {"tags": {"hasAll": ["red", "blue"]}},
    "promise": {"promisedTo": {"lt": "2026-06-01T00:00:00Z"}},
    "service": {"service": {"isNull": True}},
    "reference": {"externalReference": {"startsWith": "a"}},
    "delivered": {"deliveredAt": {"isNull": False}},
    "events": {"events": {"code": ["PICKED_UP"]}},
    "metadata": {"metadata": [{"key": "lane", "value": {"eq": "1"}}]},
    "tracking number": {"trackingNumber": {"eq": "T1"}},
    "destination": {"destination": {"city": {"eq": "Lyon"}}},
    "OR": {"OR": [{"status": {"in": ["READY", "DELIVERED"]}}, {"tags": {"hasAny": ["blue"]}}]},
    "NOT": {"NOT": {"tags": {"hasAny": ["red"]}}},
    "NOT NOT": {"NOT": {"NOT": {"events": {"code": ["PICKED_UP"]}}}},
    "NOT related": {"NOT": {"AND": [{"events": {"code": ["PICKED_UP"]}}, {"status": {"notIn": ["READY"]}}]}},
    "AND": {"AND": [{"status": {"eq": "IN_TRANSIT"}}, {"carrier": {"eq": "ups"}}], "tags": {"hasAny": ["red"]}},
}
STEPS = 40


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


class RandomWrites:
    """Random mutations of a few shipments."""

    def __init__(self, mutations: MutationClient, seed: int) -> None:
        self.mutations, self.random = mutations, random.Random(seed)
        self.ids: list[str] = []
        self.packages: dict[str, str] = {}
        self.day = 1

    async def write(self) -> None:
        """One write, which may also be rejected."""
        choose, run = self.random.choice, self.mutations.run
        if len(self.ids) < 4 or self.random.random() < 0.05:
            reference = f"{choose('ab')}-{len(self.ids)}"
            payload = await run("shipmentCreate", options={}, input=complete(externalReference=reference, confirm=True))
            self.ids.append(payload["shipment"]["id"])
            self.packages[self.ids[-1]] = payload["shipment"]["packages"][0]["id"]
            return
        id_, tag = choose(self.ids), choose(["red", "blue"])
        self.day += 1
        at = f"2026-03-{1 + self.day // 20:02}T{self.day % 20:02}:00:00Z"
        kind = choose(["event", "event", "event", "update", "update", "update", "update", "archive", "override"])
        if kind == "event":
            await self.mutations.record(event(id_, choose(["PICKED_UP", "IN_TRANSIT", "DELIVERED"]), at))
        elif kind == "archive":
            await self.mutations.archive(id_, choose([True, False]))
        elif kind == "override":
            status = choose(["IN_TRANSIT", "DELIVERED", "READY"])
            await self.mutations.run("shipmentOverrideStatus", by={"id": id_}, status=status, reason="x", options={})
        else:
            changes: list[dict[str, Any]] = [
                {"tagsAdd": [tag]},
                {"tagsRemove": [tag]},
                {"carrier": choose(["ups", None])},
                {"service": choose(["express", None])},
                {"externalReference": f"{choose('ab')}-{self.day}"},
                {"promisedTo": choose(["2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z", None])},
                {"metadataSet": choose([{"lane": "1"}, {"lane": "2"}])},
                {"recipient": {"name": "B", "country": "FR", "city": choose(["Lyon", "Paris"])}},
                {"packages": [{"id": self.packages[id_], "trackingNumber": choose(["T1", "T2"])}]},
            ]
            await run("shipmentUpdate", by={"id": id_}, input=choose(changes), options={})


class LiveList:
    """The list of one client, kept by messages."""

    def __init__(self, where: dict[str, Any]) -> None:
        self.where = where
        self.ids: set[str] = set()
        self.cursor = ""

    def apply(self, message: dict[str, Any]) -> None:
        """Apply one message of the subscription."""
        self.cursor, id_ = message["cursor"], message["shipment"]["id"]
        if message["match"] == "LEFT":
            self.ids.discard(id_)
        else:
            self.ids.add(id_)

    async def wait_until_equal(self, api: ApiClient, context: object) -> None:
        """Wait until the list is what the query returns."""
        expected = {node["id"] for node in (await api.execute(LIST, {"where": self.where}))["shipments"]["nodes"]}
        try:
            async with asyncio.timeout(8):
                while self.ids != expected:  # noqa: ASYNC110 messages arrive in another task
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError((context, self.ids - expected, expected - self.ids)) from None


async def follow(port: int, lists: dict[str, LiveList]) -> None:
    """Apply the messages of all subscriptions, over one socket."""
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        for name, live_list in lists.items():
            await socket.subscribe(SUBSCRIPTION, {"where": live_list.where, "after": live_list.cursor}, name=name)
        while True:
            message = await socket.receive(60)
            assert message["type"] == "next", message
            lists[message["id"]].apply(message["payload"]["data"]["shipmentChanged"])


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_live_list_equals_the_query_after_every_write(port: int, mutations: MutationClient, seed: int) -> None:
    await mutations.save_carrier("ups")
    writes, lists = RandomWrites(mutations, seed), {name: LiveList(where) for name, where in FILTERS.items()}
    async with ApiClient(port) as api:
        following = asyncio.create_task(follow(port, lists))
        try:
            for step in range(STEPS):
                await writes.write()
                for name, live_list in lists.items():
                    assert not following.done()
                    await live_list.wait_until_equal(api, (name, step))
        finally:
            following.cancel()
            await asyncio.wait([following])
        # clients that were disconnected meanwhile, and one that reads the whole log at once
        for _ in range(STEPS):
            await writes.write()
        lists |= {f"{name}, late": LiveList(where) for name, where in FILTERS.items()}
        for some in (dict(list(lists.items())[:20]), dict(list(lists.items())[20:])):
            following = asyncio.create_task(follow(port, some))
            for name, live_list in some.items():
                await live_list.wait_until_equal(api, name)
            following.cancel()
            await asyncio.wait([following])


async def test_messages_say_whether_a_shipment_entered_stayed_in_or_left_the_filter(
    port: int, mutations: MutationClient
) -> None:
    where = {"status": {"eq": "IN_TRANSIT"}}
    ids = [(await mutations.created(recipient={"name": "B", "country": "FR"}, packages=[{}]))["id"] for _ in range(2)]
    for id_ in ids:
        await mutations.confirm(id_)
    async with ApiClient(port) as api, WebSocketClient(port) as socket, WebSocketClient(port) as unaware:
        after = (await api.log())[-1]["cursor"]
        for client, query in ((socket, SUBSCRIPTION), (unaware, SUBSCRIPTION.replace("match ", ""))):
            await (await client.connection_init()).subscribe(query, {"where": where, "after": after})

        async def next_match() -> tuple[str, str]:
            (change,) = await socket.changes(1)
            return change["op"], change["match"]

        await mutations.record(event(ids[0], "PICKED_UP", "2026-03-01T00:00:00Z"))
        await mutations.record(event(ids[0], "IN_TRANSIT", "2026-03-02T00:00:00Z"))
        assert await next_match() == ("tracking_event.recorded", "ENTERED")
        await mutations.update(ids[0], {"tagsAdd": ["x"]})
        assert await next_match() == ("shipment.updated", "STAYED")
        await mutations.archive(ids[0])
        assert await next_match() == ("shipment.archived", "LEFT")
        await mutations.update(ids[0], {"tagsAdd": ["y"]})
        await mutations.archive(ids[0], False)
        assert await next_match() == ("shipment.unarchived", "ENTERED")
        await mutations.record(event(ids[0], "DELIVERED", "2026-03-03T00:00:00Z"))
        assert await next_match() == ("tracking_event.recorded", "LEFT")
        await mutations.record(event(ids[1], "IN_TRANSIT", "2026-03-03T00:00:00Z"))
        assert await next_match() == ("tracking_event.recorded", "ENTERED")
        operations = [change["op"] for change in await unaware.changes(4)]
    assert operations == [
        "tracking_event.recorded",
        "shipment.updated",
        "shipment.unarchived",
        "tracking_event.recorded",
    ], "a client that does not select `match` gets no message for a shipment outside of its filter"


async def test_a_filter_on_related_rows_sends_left_only_if_the_change_can_have_affected_it(
    port: int, mutations: MutationClient
) -> None:
    ids = [(await mutations.created(recipient={"name": "B", "country": country}))["id"] for country in ("FR", "IT")]
    async with ApiClient(port) as api, WebSocketClient(port) as socket:
        after = (await api.log())[-1]["cursor"]
        where = {"destination": {"country": {"eq": "FR"}}}
        await (await socket.connection_init()).subscribe(SUBSCRIPTION, {"where": where, "after": after})
        for id_ in ids:
            await mutations.update(id_, {"tagsAdd": ["x"]})
        await mutations.update(ids[0], {"recipient": {"name": "B", "country": "IT"}})
        changes = await socket.changes(2)
    assert [(change["match"], change["shipment"]["id"]) for change in changes] == [("STAYED", ids[0]), ("LEFT", ids[0])]


def test_every_field_of_the_filter_is_decided_or_has_the_keys_that_affect_it() -> None:
    """A new field of ShipmentWhere must be added to one of the two."""
    known = {"AND", "OR", "NOT", "updatedAt", *previous_state.DECIDED_FILTERS, *previous_state.RELATED_KEYS}
    assert set(fields.SHIPMENT_FILTERS) == known
