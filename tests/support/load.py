"""Many clients write at once for some seconds, and keep a book; afterwards the database must agree with it.

What is booked was acknowledged, so it must be there, once; what is there must have been booked. Whoever starts a storm
says how a mutation is sent: a key per intent comes with each, for those who send again what had no answer.
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
"""Field, variables, key → payload. Raises `Refused` where nothing was done and the client may do something else."""

SHIPMENTS, CONTESTED, ROWS = 24, 30, 12
WEIGHTS = {
    "make": 4, "double": 2, "contend": 2, "upsert": 2, "edit": 6, "count": 3, "record": 6, "repeat": 1, "edit_many": 2,
    "record_many": 2, "make_many": 1, "correct": 1, "command": 1,
}  # fmt: skip


class Refused(Exception):
    """Nothing was done: others were changing the same, or too many were waiting."""


class Storm:
    """One storm: the shipments that everybody writes to, and the book."""

    def __init__(self, send: Send, seed: int) -> None:
        self.send, self.rng = send, random.Random(seed)
        self.shared: list[str] = []
        self.made: set[str] = set()
        self.keys: dict[str, set[str]] = {}
        self.counted: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.voided: set[str] = set()
        self.won: Counter[str] = Counter()
        self.done, self.refused = Counter[str](), 0

    async def blow(self, clients: int, seconds: float) -> None:
        """Make what everybody writes to, then let so many clients write for so long."""
        for n in range(SHIPMENTS + 4 * int(seconds)):  # each takes a thousand edits: then its metadata is full
            given = complete(confirm=True, externalReference=f"shared {n}", metadata={"n": 0}, packages=[KILO] * 2)
            payload = await self.send("shipmentCreate", {"input": given}, uuid.uuid4().hex)
            self.shared.append(payload["shipment"]["id"])
            self.keys[payload["shipment"]["id"]] = set()
        until = time.monotonic() + seconds
        await asyncio.gather(*(self.client(random.Random(self.rng.random()), until) for _ in range(clients)))

    async def client(self, rng: random.Random, until: float) -> None:
        while time.monotonic() < until:
            (what,) = rng.choices([*WEIGHTS], [*WEIGHTS.values()])
            try:
                await getattr(self, what)(rng)
                self.done[what] += 1
            except Refused:
                self.refused += 1

    async def do(self, field: str, key: str | None = None, **variables: Any) -> Json:
        payload = await self.send(field, variables, key or uuid.uuid4().hex)
        assert payload["errors"] == [] or field in ("shipmentCreate", "shipmentUpdate"), payload["errors"]
        return payload

    def some(self, rng: random.Random) -> list[str]:
        """Shared shipments in an order by chance."""
        return rng.sample(self.shared, ROWS)

    async def make(self, rng: random.Random) -> None:
        """A shipment with a reference of its own."""
        reference = uuid.uuid4().hex
        payload = await self.do("shipmentCreate", input=complete(externalReference=reference, confirm=True))
        assert (payload["errors"], payload["created"]) == ([], True)
        self.made.add(reference)

    async def double(self, rng: random.Random) -> None:
        """One call sent twice at once, under one key."""
        reference, key = uuid.uuid4().hex, uuid.uuid4().hex
        both = [self.do("shipmentCreate", key, input=minimal(tags=[reference])) for _ in range(2)]
        done = await asyncio.gather(*both, return_exceptions=True)
        if mistakes := [one for one in done if isinstance(one, BaseException) and not isinstance(one, Refused)]:
            raise mistakes[0]
        payloads = [one for one in done if not isinstance(one, BaseException)]
        assert len({payload["shipment"]["id"] for payload in payloads}) <= 1
        if not payloads:
            raise Refused
        self.made.add(reference)

    async def contend(self, rng: random.Random) -> None:
        """A reference that others want too."""
        reference = f"contested {rng.randrange(CONTESTED)}"
        payload = await self.do("shipmentCreate", input=minimal(externalReference=reference))
        self.won[reference] += payload["created"]
        if not payload["created"]:
            (problem,) = payload["errors"]
            assert problem["existing"] is not None

    async def upsert(self, rng: random.Random) -> None:
        """The same, where who comes second changes what is there."""
        reference = f"contested {rng.randrange(CONTESTED)}"
        payload = await self.do(
            "shipmentUpsert", externalReference=reference, input=minimal(metadata={uuid.uuid4().hex[:8]: 1})
        )
        self.won[reference] += payload["created"]

    async def make_many(self, rng: random.Random) -> None:
        """Many of both kinds by one call."""
        own = [uuid.uuid4().hex for _ in range(ROWS)]
        contested = [f"contested {n}" for n in rng.sample(range(CONTESTED), ROWS)]
        rows = [minimal(externalReference=reference) for reference in own + contested]
        payload = await self.do("shipmentsBulkCreate", inputs=rng.sample(rows, len(rows)))
        created = {one["shipment"]["externalReference"] for one in payload["results"] if one["created"]}
        assert created >= set(own)
        self.made |= set(own)
        self.won.update(created - set(own))

    async def edit(self, rng: random.Random) -> None:
        """A field that nobody else changes."""
        id_, name = rng.choice(self.shared), uuid.uuid4().hex[:8]
        payload = await self.do("shipmentUpdate", by={"id": id_}, input={"metadataSet": {name: 1}})
        assert payload["errors"] == []
        self.keys[id_].add(name)

    async def edit_many(self, rng: random.Random) -> None:
        """The same on many shipments by one call."""
        ids, name = self.some(rng), uuid.uuid4().hex[:8]
        rows = [{"by": {"id": id_}, "input": {"metadataSet": {name: 1}}} for id_ in ids]
        await self.do("shipmentsBulkUpdate", inputs=rows)
        for id_ in ids:
            self.keys[id_].add(name)

    async def count(self, rng: random.Random) -> None:
        """Read a number, add one, write it back: guarded by the version."""
        id_ = rng.choice(self.shared)
        payload = await self.do("shipmentUpdate", by={"id": id_}, input={})
        read = payload["shipment"]
        given = {"metadataSet": {"n": read["metadata"]["n"] + 1}}
        options = {"expectedVersion": read["version"]}
        payload = await self.do("shipmentUpdate", by={"id": id_}, input=given, options=options)
        if payload["errors"]:
            assert [one["code"] for one in payload["errors"]] == ["VERSION_CONFLICT"]
        else:
            self.counted[id_] += 1

    async def report(self, rng: random.Random, ids: list[str], names: list[str]) -> Json:
        """Events at times by chance, so that some come late."""
        codes = ["PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "HELD", "INFO"]
        rows = []
        for id_, name in zip(ids, names, strict=True):
            at = f"2026-03-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z"
            rows.append(event(id_, rng.choice(codes), at, externalEventId=name))
        payload = await self.do("trackingEventsRecord", inputs=rows)
        assert payload["failed"] == 0
        for name, result in zip(names, payload["results"], strict=True):
            self.events[name] += not result["duplicate"]
        return payload

    async def record(self, rng: random.Random) -> None:
        """An event of its own."""
        await self.report(rng, [rng.choice(self.shared)], [uuid.uuid4().hex])

    async def repeat(self, rng: random.Random) -> None:
        """An event that others report too: it is of one shipment, and counts once."""
        at = rng.randrange(len(self.shared))
        await self.report(rng, [self.shared[at]], [f"repeated {at}"])

    async def record_many(self, rng: random.Random) -> None:
        """Events of many shipments by one call."""
        await self.report(rng, self.some(rng), [uuid.uuid4().hex for _ in range(ROWS)])

    async def correct(self, rng: random.Random) -> None:
        """An event that is voided again."""
        id_, name = rng.choice(self.shared), uuid.uuid4().hex
        payload = await self.report(rng, [id_], [name])
        void = await self.do("trackingEventVoid", id=payload["results"][0]["event"]["id"], reason="Wrong")
        assert void["succeeded"] == 1
        self.voided.add(name)

    async def command(self, rng: random.Random) -> None:
        """A shipment's whole life."""
        reference = uuid.uuid4().hex
        made = await self.do("shipmentCreate", input=complete(externalReference=reference))
        self.made.add(reference)
        by = {"id": made["shipment"]["id"]}
        assert (await self.do("shipmentConfirm", by=by))["shipment"]["status"] == "READY"
        status = await self.do("shipmentOverrideStatus", by=by, status="DELIVERED", reason="Seen")
        assert status["shipment"]["status"] == "DELIVERED"
        await self.do("shipmentArchive", by=by)

    # -- afterwards ---------------------------------------------------------------------------------------------

    async def agrees(self, url: str) -> int:
        """Asserts that the database holds what the book says, no more and no less; the number of changes."""
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
            half_done = await connection.fetchval("SELECT count(*) FROM idempotency_key WHERE state <> 'DONE'")
        finally:
            await connection.close()
        self.made_once([row["name"] for row in shipments])
        for row in shipments:
            if (id_ := f"shp_{row['id'].hex}") in self.keys:
                metadata = orjson.loads(row["metadata"])
                assert metadata.pop("n") == self.counted[id_]
                assert set(metadata) == self.keys[id_]
        assert Counter(row["name"] for row in events) == +self.events
        assert {row["name"] for row in events if row["voided_at"]} == self.voided
        seqs = {row["shipment_id"]: row["seqs"] for row in changes}
        assert seqs == {row["id"]: list(range(1, row["version"] + 1)) for row in shipments}
        assert half_done == 0
        return sum(map(len, seqs.values()))

    def made_once(self, names: list[str]) -> None:
        """Asserts that each shipment is there once: whoever made it was told so, and of a contested one nobody else."""
        assert set(Counter(names).values()) == {1}
        contested = {name for name in names if name.startswith("contested")}
        assert Counter(contested) == +self.won
        assert {name for name in names if not name.startswith(("contested", "shared"))} == self.made


def query(field: str) -> str:
    """The document of a storm's mutation: the same as any test's."""
    return document(field)
