"""Account isolation: no row of another account can be seen, counted, searched, referenced, guessed or changed.

One account, the attacker, calls every field of the schema with the IDs, texts and cursors of the other, the victim, at
every place that takes one. It does so twice in one process: in a database with the victim, and in one where the victim
never existed. All responses must be equal, errors and warnings included, and all rows of the victim unchanged.
"""

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support import isolation_probes, seed_data, twin_accounts
from tests.support.databases import delete_rows
from tests.support.isolation_probes import Probe
from tests.support.live_server import run_server
from tests.support.streaming_clients import WebSocketClient
from tests.support.twin_accounts import MARK, MARKED, VICTIM

# the statements alone must isolate the accounts, without row-level security; and so must an owner that sees one account
pytestmark = [pytest.mark.without_row_security, pytest.mark.plain_owner]

MUTATIONS = list(isolation_probes.CORE.mutation_type.fields) if isolation_probes.CORE.mutation_type else []
TEXTS = [MARKED, MARK, "SHP-0000009"]
"""A text of the victim, the beginning of all of them, and a number that both accounts have."""
ID_PATTERN = re.compile(r"\b[a-z]{3}_[0-9a-f]{32}\b")
TIMESTAMP = re.compile(r"\b20(?!26-0[1-5])\d\d-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)")
CURSOR = re.compile(r'(?<=[cC]ursor":")[^"]+(?=")')
LAST_USED = re.compile(r'"lastUsedAt":(null|"[^"]*")')
SECRET = re.compile(r"shpk_\w+")
VIEWER = {"query": "{ viewer { account } }"}
PLACEHOLDERS = {"evt": "EVENT", "pkg": "PACKAGE", "key": "KEY"}
TABLES_SQL = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"""


class Target:
    """The app that both accounts use, and its database."""

    def __init__(self, app: Starlette, client: httpx.AsyncClient, owner: AsyncEngine, settings: Settings) -> None:
        self.app, self.client, self.owner, self.settings = app, client, owner, settings

    async def fill(self, account: UUID, *, alone: bool) -> dict[str, list[twin_accounts.Row]]:
        """Insert the rows of both accounts, or only those of the attacker if `alone`; return the rows of both."""
        rows = twin_accounts.rows(account, MUTATIONS)
        stored = {"account": [], **twin_accounts.rows_of(account, rows)} if alone else rows
        await seed_data.insert_rows(self.owner, stored)
        async with self.owner.begin() as connection:
            numbers = [f"shipment_number_{id_.hex}" for id_ in ((account,) if alone else (account, VICTIM))]
            for sequence in ("change_seq_seq", "tracking_event_seq_seq", *numbers):
                await connection.execute(text(f"SELECT setval('{sequence}', 100000)"))
        is_unknown = True
        async with asyncio.timeout(5):
            while is_unknown:  # an unknown key is cached for a moment
                response = await self.client.post("/graphql", json=VIEWER, headers=authorization("attacker"))
                is_unknown = response.status_code == 401
                await asyncio.sleep(0.1 * is_unknown)
        return rows

    async def empty(self) -> None:
        """Delete all rows."""
        assert self.settings.postgres_url
        await delete_rows(self.settings.postgres_url.get_secret_value())

    async def send(self, slug: str, request: Probe) -> str:
        """Send a request as one of the accounts; return the body of the response."""
        body = {"query": request.document, "variables": request.variables}
        headers = authorization(slug) | {"x-request-id": "isolation"}
        response = await self.client.post("/graphql", json=body, headers=headers)
        assert response.status_code in (200, 400), (request, response.text)
        return LAST_USED.sub('"lastUsedAt":null', response.text)

    async def victim_digest(self) -> str:
        """A digest of all rows of the victim and of its sequence of shipment numbers."""
        digests = []
        async with self.owner.connect() as connection:
            for (table,) in (await connection.execute(text(TABLES_SQL))).all():
                rows = f"SELECT to_jsonb(t) - 'last_used_at' AS row FROM \"{table}\" t WHERE account_id = '{VICTIM}'"
                digest = f"SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM ({rows}) AS rows"
                digests.append((await connection.execute(text(digest))).scalar_one())
            sequence = f"SELECT last_value::text || is_called FROM shipment_number_{VICTIM.hex}"
            for sql in (sequence, f"SELECT md5(a::text) FROM account a WHERE id = '{VICTIM}'"):
                digests.append((await connection.execute(text(sql))).scalar_one())
        assert None not in digests, "the victim has no rows in some table"
        return hashlib.sha256("".join(digests).encode()).hexdigest()


@pytest.fixture
async def target(app: Starlette, client: httpx.AsyncClient, owner: AsyncEngine, settings: Settings) -> Target:
    return Target(app, client, owner, settings)


def authorization(slug: str) -> dict[str, str]:
    """The headers of a request of one of the accounts."""
    return {"authorization": f"Bearer {twin_accounts.API_KEYS[slug].text}"}


async def stolen_values(target: Target, rows: dict[str, list[twin_accounts.Row]]) -> dict[str, list[Any]]:
    """Values of the victim that an attacker may have obtained: type of the argument → values."""
    ids = twin_accounts.ids_of_one_shipment(VICTIM, rows)
    calls = [("node", {"id": ids[name]}) for name in ("Shipment", "Package", "Carrier")]
    fields = isolation_probes.CORE.query_type.fields
    calls += [(name, {"first": 3}) for name, field in fields.items() if str(field.type).endswith("Connection")]
    cursors = {}
    for name, arguments in calls:
        document = isolation_probes.document("query", name, fields[name], arguments)
        response = await target.send("victim", Probe(name, document, arguments))
        assert CURSOR.search(response), response
        cursors |= {(name, len(cursor)): cursor for cursor in CURSOR.findall(response)}
    return {"ID": list(ids.values()), "String": TEXTS, "cursors": sorted(set(cursors.values()))}


async def test_no_query_reveals_another_account(target: Target, account: UUID) -> None:
    rows = await target.fill(account, alone=False)
    own_ids = twin_accounts.ids_of_one_shipment(account, rows)
    attacks = list(isolation_probes.query_probes(await stolen_values(target, rows), own_ids))
    before = await target.victim_digest()
    with_victim = [await target.send("attacker", attack) for attack in attacks]
    assert await target.victim_digest() == before
    effective_fields = set()
    for field, attack in ((attack.name.split()[0], attack) for attack in attacks):
        if field not in effective_fields and MARK in await target.send("victim", attack):
            effective_fields.add(field)
    assert effective_fields >= set(isolation_probes.CORE.query_type.fields), "some attacks find nothing as the victim"
    await target.empty()
    await target.fill(account, alone=True)
    for attack, response in zip(attacks, with_victim, strict=True):
        assert await target.send("attacker", attack) == response, attack.name


def mutation(name: str, base: dict[str, Any], own_ids: dict[str, str]) -> Probe:
    """A mutation with the account's own IDs."""
    assert isolation_probes.CORE.mutation_type is not None
    arguments = with_ids(base, own_ids)
    field = isolation_probes.CORE.mutation_type.fields[name]
    return Probe(name, isolation_probes.document("mutation", name, field, arguments), arguments)


def with_ids(base: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The arguments with their placeholders replaced by IDs."""
    text = json.dumps(base)
    for placeholder, id_ in ids.items():
        text = text.replace(placeholder, id_)
    arguments: dict[str, Any] = json.loads(text)
    return arguments


def mutation_attacks(stolen: dict[str, list[Any]], own_ids: dict[str, str]) -> Iterator[Probe]:
    """All attacks by mutations. Each would succeed but for the one argument with a value of the victim."""
    assert isolation_probes.CORE.mutation_type is not None
    for name, field in isolation_probes.CORE.mutation_type.fields.items():
        base = with_ids(isolation_probes.table_entry(name, twin_accounts.MUTATION_ARGUMENTS, "attacked"), own_ids)
        yield from with_stolen_values(isolation_probes.field_probes("mutation", name, field, base, stolen), stolen)


def with_stolen_values(attacks: Iterable[Probe], stolen: dict[str, list[Any]]) -> Iterator[Probe]:
    """The attacks with a value of the victim; the others use only values of the account itself."""
    victim_values = {repr(value) for values in stolen.values() for value in values}
    return (attack for attack in attacks if attack.name.split(" ", 2)[2] in victim_values)


async def run_all_mutations(target: Target, slug: str) -> tuple[dict[str, str], list[str]]:
    """Run every mutation once, with the same idempotency key for both accounts.

    Returns the IDs of the created rows by placeholder, and the responses.
    """
    responses, own_ids = [], dict.fromkeys(PLACEHOLDERS.values(), "")
    packages = Probe("", '{ shipment(by: { externalReference: "twin-update" }) { packages { id } } }', {})

    async def run(name: str, base: dict[str, Any]) -> None:
        response = await target.send(slug, mutation(name, base, own_ids))
        assert '"errors":[{' not in response, (name, response)
        assert '"replayed":false' in response, (name, response)
        responses.append(response)
        for id_ in ID_PATTERN.findall(response + await target.send(slug, packages)):
            if id_[:3] in PLACEHOLDERS:
                own_ids[PLACEHOLDERS[id_[:3]]] = id_

    for name, base in twin_accounts.MUTATION_ARGUMENTS.items():
        await run(name, {**base, "options": {"idempotencyKey": "twin"}})
    await run(
        "trackingEventsRecord", {"inputs": [{**twin_accounts.EVENT, "occurred": {"instant": "2026-03-03T10:00:00Z"}}]}
    )
    return own_ids, responses


def normalized(responses: list[str], rows: dict[str, list[twin_accounts.Row]]) -> list[str]:
    """Responses without what differs between runs: timestamps, cursors, secrets and new IDs, which are numbered."""
    fixed = {row["id"].hex for table_rows in rows.values() for row in table_rows if "id" in row}
    numbered: dict[str, str] = {}

    def replace_id(match: re.Match[str]) -> str:
        id_ = match[0]
        return id_ if id_[4:] in fixed else numbered.setdefault(id_, f"{id_[:4]}{len(numbered)}")

    return [
        SECRET.sub("secret", ID_PATTERN.sub(replace_id, TIMESTAMP.sub("now", CURSOR.sub("here", response))))
        for response in responses
    ]


async def test_no_mutation_reaches_another_account(target: Target, account: UUID) -> None:
    rows = await target.fill(account, alone=False)
    stolen = {**await stolen_values(target, rows), "String": TEXTS[::2]}
    victim_ids, _ = await run_all_mutations(target, "victim")
    before = await target.victim_digest()

    async def attack_all() -> tuple[list[str], list[str]]:
        own_ids, responses = await run_all_mutations(target, "attacker")
        names = ["prepared"] * len(responses)
        for attack in mutation_attacks(stolen, own_ids):
            responses.append(await target.send("attacker", attack))
            names.append(f"{attack.name} {attack.variables}")
        return names, responses

    names, with_victim = await attack_all()
    assert await target.victim_digest() == before
    await assert_attacks_are_effective(target, stolen, victim_ids, before)
    await target.empty()
    await target.fill(account, alone=True)
    _, alone = await attack_all()
    for name, expected, response in zip(names, normalized(alone, rows), normalized(with_victim, rows), strict=True):
        assert response == expected, name


async def assert_attacks_are_effective(
    target: Target, stolen: dict[str, list[Any]], victim_ids: dict[str, str], before: str
) -> None:
    """The same attacks change rows when the victim sends them: each mutation was attacked with valid arguments."""
    effective = set()
    for attack in mutation_attacks(stolen, victim_ids):
        name = attack.name.split()[0]
        if name not in effective:
            await target.send("victim", attack)
            if (after := await target.victim_digest()) != before:
                effective.add(name)
                before = after
    assert effective == set(MUTATIONS)


async def test_no_subscription_reveals_another_account(target: Target, account: UUID) -> None:
    rows = await target.fill(account, alone=False)
    stolen = await stolen_values(target, rows)
    stolen |= {"ID": stolen["ID"][:1], "String": [MARK]}
    attacks, subscription_type = [], isolation_probes.CORE.subscription_type
    fields = subscription_type.fields if subscription_type else {}
    for name, field in fields.items():
        for arguments in ({}, {"after": ""}):
            document = isolation_probes.document("subscription", name, field, arguments)
            attacks.append(Probe(name, document, arguments))
        candidates = isolation_probes.field_probes("subscription", name, field, {"after": ""}, stolen)
        attacks += with_stolen_values(candidates, stolen)
    own_changes = isolation_probes.document("subscription", "shipmentChanged", fields["shipmentChanged"], {})
    messages: list[str] = []
    async with run_server(target.app, target.settings) as port, contextlib.AsyncExitStack() as stack:
        victim = await stack.enter_async_context(WebSocketClient(port, additional_headers=authorization("victim")))
        await victim.connection_init()
        await victim.subscribe(own_changes, {}, "own")
        await asyncio.sleep(0.3)  # equal subscriptions share a read, unless they are of different accounts
        sockets = []
        for start in range(0, len(attacks), 18):
            client = WebSocketClient(port, additional_headers=authorization("attacker"))
            socket = await stack.enter_async_context(client)
            await socket.connection_init()
            for number, attack in enumerate(attacks[start : start + 18]):
                await socket.subscribe(attack.document, attack.variables, str(number))
            await socket.subscribe(own_changes, {}, "own")
            sockets.append(socket)
        await asyncio.sleep(1)
        await run_all_mutations(target, "victim")
        assert (await victim.receive())["type"] == "next"
        last_shipment = {"input": {**twin_accounts.NEW_SHIPMENT, "externalReference": "the end"}}
        await target.send("attacker", mutation("shipmentCreate", last_shipment, {}))
        for socket in sockets:
            receive = socket.connection.recv
            while not (
                "the end" in (message := str(await asyncio.wait_for(receive(), 20))) and '"id":"own"' in message
            ):
                messages.append(message)
    assert len(messages) > len(attacks)
    victim_rows = twin_accounts.rows_of(VICTIM, rows).values()
    victim_ids = {row["id"].hex for table_rows in victim_rows for row in table_rows if "id" in row}
    async with target.owner.connect() as connection:
        shipments = await connection.execute(text(f"SELECT id FROM shipment WHERE account_id = '{VICTIM}'"))
        victim_ids |= {id_.hex for id_ in shipments.scalars()}
    for message in messages:
        assert MARK not in message
        assert not victim_ids & {id_[4:] for id_ in ID_PATTERN.findall(message)}
