"""Many clients write at once for some seconds and record what was acknowledged; then the database must match.

Each acknowledged write must be in the database exactly once, and nothing else may be there. The caller of
`ConcurrentWriters` decides how a mutation is sent. Each logical operation has its own idempotency key, with which a
client can retry when it receives no response.
"""

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson

from tests.support.mutation_client import KILO, complete, document, event, minimal

Json = dict[str, Any]
Send = Callable[[str, Json, str], Awaitable[Json]]
"""Field, variables and idempotency key -> payload. Raises `NothingDone` if the server executed nothing."""

SHIPMENTS = 24
"""Shared shipments that all clients write to, at least."""
CONTESTED = 30
"""External references that several clients try to create."""
ROWS = 12
"""Rows of a bulk call."""
WEIGHTS = {
    "create": 4, "send_twice": 2, "create_contested": 2, "upsert": 2,
    "edit": 6, "count": 3, "record": 6, "record_same": 1, "bulk_edit": 2,
    "bulk_record": 2, "bulk_create": 1, "record_and_void": 1, "full_lifecycle": 1,
}  # fmt: skip
"""How often each operation is chosen, relative to the others."""


class NothingDone(Exception):
    """The server did nothing: a conflict with other writers, or too many operations in the queue."""


class ConcurrentWriters:
    """One run: the shipments that all clients write to, and the record of acknowledged writes."""

    def __init__(self, send: Send, seed: int) -> None:
        self.send, self.rng = send, random.Random(seed)
        self.shared_ids: list[str] = []
        self.created_references: set[str] = set()
        self.metadata_keys: dict[str, set[str]] = {}
        self.counters: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.voided: set[str] = set()
        self.created_contested: Counter[str] = Counter()
        self.completed, self.rejected = Counter[str](), 0

    async def run(self, clients: int, seconds: float) -> None:
        """Create the shared shipments, then let `clients` clients write for `seconds` seconds."""
        for n in range(SHIPMENTS + 4 * int(seconds)):  # a shipment's metadata is full after a thousand edits
            input_ = complete(confirm=True, externalReference=f"shared {n}", metadata={"n": 0}, packages=[KILO] * 2)
            payload = await self.send("shipmentCreate", {"input": input_}, uuid.uuid4().hex)
            self.shared_ids.append(payload["shipment"]["id"])
            self.metadata_keys[payload["shipment"]["id"]] = set()
        deadline = time.monotonic() + seconds
        await asyncio.gather(*(self.client(random.Random(self.rng.random()), deadline) for _ in range(clients)))

    async def client(self, rng: random.Random, deadline: float) -> None:
        """One client: random operations, by weight, until the deadline."""
        while time.monotonic() < deadline:
            (operation,) = rng.choices([*WEIGHTS], [*WEIGHTS.values()])
            try:
                await getattr(self, operation)(rng)
                self.completed[operation] += 1
            except NothingDone:
                self.rejected += 1

    async def mutate(self, field: str, key: str | None = None, **variables: Any) -> Json:
        """Send one mutation and assert that it has no errors, except where the caller checks them."""
        payload = await self.send(field, variables, key or uuid.uuid4().hex)
        assert payload["errors"] == [] or field in ("shipmentCreate", "shipmentUpdate"), payload["errors"]
        return payload

    def sample_ids(self, rng: random.Random) -> list[str]:
        """Shared shipments in random order."""
        return rng.sample(self.shared_ids, ROWS)

    async def create(self, rng: random.Random) -> None:
        """Create a shipment with a unique reference."""
        reference = uuid.uuid4().hex
        payload = await self.mutate("shipmentCreate", input=complete(externalReference=reference, confirm=True))
        assert (payload["errors"], payload["created"]) == ([], True)
        self.created_references.add(reference)

    async def send_twice(self, rng: random.Random) -> None:
        """Send the same call twice at once, with one idempotency key."""
        reference, key = uuid.uuid4().hex, uuid.uuid4().hex
        calls = [self.mutate("shipmentCreate", key, input=minimal(tags=[reference])) for _ in range(2)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        if failures := [
            result for result in results if isinstance(result, BaseException) and not isinstance(result, NothingDone)
        ]:
            raise failures[0]
        payloads = [result for result in results if not isinstance(result, BaseException)]
        assert len({payload["shipment"]["id"] for payload in payloads}) <= 1
        if not payloads:
            raise NothingDone
        self.created_references.add(reference)

    async def create_contested(self, rng: random.Random) -> None:
        """Create a shipment with a reference that other clients use too."""
        reference = f"contested {rng.randrange(CONTESTED)}"
        payload = await self.mutate("shipmentCreate", input=minimal(externalReference=reference))
        self.created_contested[reference] += payload["created"]
        if not payload["created"]:
            (error,) = payload["errors"]
            assert error["existing"] is not None

    async def upsert(self, rng: random.Random) -> None:
        """Upsert one of these references: the second client updates the shipment."""
        reference = f"contested {rng.randrange(CONTESTED)}"
        payload = await self.mutate(
            "shipmentUpsert", externalReference=reference, input=minimal(metadata={uuid.uuid4().hex[:8]: 1})
        )
        self.created_contested[reference] += payload["created"]

    async def bulk_create(self, rng: random.Random) -> None:
        """Create shipments with unique and with contested references in one bulk call."""
        unique = [uuid.uuid4().hex for _ in range(ROWS)]
        contested = [f"contested {n}" for n in rng.sample(range(CONTESTED), ROWS)]
        rows = [minimal(externalReference=reference) for reference in unique + contested]
        payload = await self.mutate("shipmentsBulkCreate", inputs=rng.sample(rows, len(rows)))
        created = {row["shipment"]["externalReference"] for row in payload["results"] if row["created"]}
        assert created >= set(unique)
        self.created_references |= set(unique)
        self.created_contested.update(created - set(unique))

    async def edit(self, rng: random.Random) -> None:
        """Set a metadata key that no other client sets."""
        id_, name = rng.choice(self.shared_ids), uuid.uuid4().hex[:8]
        payload = await self.mutate("shipmentUpdate", by={"id": id_}, input={"metadataSet": {name: 1}})
        assert payload["errors"] == []
        self.metadata_keys[id_].add(name)

    async def bulk_edit(self, rng: random.Random) -> None:
        """Set such a key on many shipments in one bulk call."""
        ids, name = self.sample_ids(rng), uuid.uuid4().hex[:8]
        rows = [{"by": {"id": id_}, "input": {"metadataSet": {name: 1}}} for id_ in ids]
        await self.mutate("shipmentsBulkUpdate", inputs=rows)
        for id_ in ids:
            self.metadata_keys[id_].add(name)

    async def count(self, rng: random.Random) -> None:
        """Read a counter in the metadata, add one and write it back with `expectedVersion`."""
        id_ = rng.choice(self.shared_ids)
        payload = await self.mutate("shipmentUpdate", by={"id": id_}, input={})
        shipment = payload["shipment"]
        input_ = {"metadataSet": {"n": shipment["metadata"]["n"] + 1}}
        options = {"expectedVersion": shipment["version"]}
        payload = await self.mutate("shipmentUpdate", by={"id": id_}, input=input_, options=options)
        if payload["errors"]:
            assert [error["code"] for error in payload["errors"]] == ["VERSION_CONFLICT"]
        else:
            self.counters[id_] += 1

    async def report(self, rng: random.Random, ids: list[str], names: list[str]) -> Json:
        """Record events at random times, so that some arrive late."""
        codes = ["PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "HELD", "INFO"]
        rows = []
        for id_, name in zip(ids, names, strict=True):
            occurred_at = f"2026-03-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z"
            rows.append(event(id_, rng.choice(codes), occurred_at, externalEventId=name))
        payload = await self.mutate("trackingEventsRecord", inputs=rows)
        assert payload["failed"] == 0
        for name, result in zip(names, payload["results"], strict=True):
            self.events[name] += not result["duplicate"]
        return payload

    async def record(self, rng: random.Random) -> None:
        """Record an event with a unique id."""
        await self.report(rng, [rng.choice(self.shared_ids)], [uuid.uuid4().hex])

    async def record_same(self, rng: random.Random) -> None:
        """Record an event that other clients record too: it belongs to one shipment and counts once."""
        index = rng.randrange(len(self.shared_ids))
        await self.report(rng, [self.shared_ids[index]], [f"repeated {index}"])

    async def bulk_record(self, rng: random.Random) -> None:
        """Record events of many shipments in one bulk call."""
        await self.report(rng, self.sample_ids(rng), [uuid.uuid4().hex for _ in range(ROWS)])

    async def record_and_void(self, rng: random.Random) -> None:
        """Record an event and void it."""
        id_, name = rng.choice(self.shared_ids), uuid.uuid4().hex
        payload = await self.report(rng, [id_], [name])
        void_payload = await self.mutate("trackingEventVoid", id=payload["results"][0]["event"]["id"], reason="Wrong")
        assert void_payload["succeeded"] == 1
        self.voided.add(name)

    async def full_lifecycle(self, rng: random.Random) -> None:
        """Create, confirm, override and archive a shipment."""
        reference = uuid.uuid4().hex
        created = await self.mutate("shipmentCreate", input=complete(externalReference=reference))
        self.created_references.add(reference)
        by = {"id": created["shipment"]["id"]}
        assert (await self.mutate("shipmentConfirm", by=by))["shipment"]["status"] == "READY"
        overridden = await self.mutate("shipmentOverrideStatus", by=by, status="DELIVERED", reason="Seen")
        assert overridden["shipment"]["status"] == "DELIVERED"
        await self.mutate("shipmentArchive", by=by)

    # -- after the run ------------------------------------------------------------------------------------------

    async def assert_database_matches(self, url: str) -> int:
        """Assert that the database holds exactly the acknowledged writes; returns the number of changes."""
        connection = await asyncpg.connect(url)
        try:
            shipments = await connection.fetch(
                "SELECT id, coalesce(external_reference, tags[1]) AS name, metadata::text, version FROM shipment"
            )
            events = await connection.fetch(
                "SELECT external_event_id AS name, voided_at FROM tracking_event WHERE source = 'REPORT'"
            )
            changes = await connection.fetch(
                "SELECT shipment_id, array_agg(shipment_seq ORDER BY shipment_seq) AS seqs FROM change GROUP BY 1"
            )
            unfinished_keys = await connection.fetchval("SELECT count(*) FROM idempotency_key WHERE state <> 'DONE'")
        finally:
            await connection.close()
        self.assert_each_created_once([row["name"] for row in shipments])
        for row in shipments:
            if (id_ := f"shp_{row['id'].hex}") in self.metadata_keys:
                metadata = orjson.loads(row["metadata"])
                assert metadata.pop("n") == self.counters[id_]
                assert set(metadata) == self.metadata_keys[id_]
        assert Counter(row["name"] for row in events) == +self.events
        assert {row["name"] for row in events if row["voided_at"]} == self.voided
        sequences = {row["shipment_id"]: row["seqs"] for row in changes}
        assert sequences == {row["id"]: list(range(1, row["version"] + 1)) for row in shipments}
        assert unfinished_keys == 0
        return sum(map(len, sequences.values()))

    def assert_each_created_once(self, names: list[str]) -> None:
        """Assert that each shipment exists once, and that exactly one client created each contested one."""
        assert set(Counter(names).values()) == {1}
        contested = {name for name in names if name.startswith("contested")}
        assert Counter(contested) == +self.created_contested
        assert {name for name in names if not name.startswith(("contested", "shared"))} == self.created_references


def mutation_text(field: str) -> str:
    """The document of a mutation."""
    return document(field)
