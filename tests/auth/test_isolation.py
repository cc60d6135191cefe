"""Nothing of another account is seen, counted, searched, referenced, guessed by id or cursor, or changed.

Every field of the schema is asked by one account with what belongs to the other, at every place where it could be
named, over one process: once beside the other account, and once in a database where that never was. All answers must
be the same, errors and warnings included, and every row of the other account what it was before.
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
from tests.support.isolation_probes import Attack
from tests.support.live_server import serving
from tests.support.streaming_clients import Socket
from tests.support.twin_accounts import MARK, MARKED, VICTIM

pytestmark = pytest.mark.unguarded  # the statements must hold without row-level security

MUTATIONS = list(isolation_probes.CORE.mutation_type.fields) if isolation_probes.CORE.mutation_type else []
TEXTS = [MARKED, MARK, "SHP-0000009"]
"""What stands in every text of the victim, what they all begin with, and what both accounts have."""
ID = re.compile(r"\b[a-z]{3}_[0-9a-f]{32}\b")
MOMENT = re.compile(r"\b20(?!26-0[1-5])\d\d-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)")
CURSOR = re.compile(r'(?<=[cC]ursor":")[^"]+(?=")')
USED = re.compile(r'"lastUsedAt":(null|"[^"]*")')
SECRET = re.compile(r"shpk_\w+")
WHO = {"query": "{ viewer { account } }"}
KINDS = {"evt": "EVENT", "pkg": "PACKAGE", "key": "KEY"}
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"""


class Doors:
    """One process, to which both accounts speak, and the database behind it."""

    def __init__(self, app: Starlette, client: httpx.AsyncClient, owner: AsyncEngine, settings: Settings) -> None:
        self.app, self.client, self.owner, self.settings = app, client, owner, settings

    async def fill(self, account: UUID, *, alone: bool) -> dict[str, list[twin_accounts.Row]]:
        """The rows of both accounts are put into the database, or only those of the attacker."""
        made = twin_accounts.rows(account, MUTATIONS)
        await seed_data.put(self.owner, {"account": [], **twin_accounts.of(account, made)} if alone else made)
        async with self.owner.begin() as connection:
            for sequence in ("change_seq_seq", "tracking_event_seq_seq", f"shipment_number_{account.hex}"):
                await connection.execute(text(f"SELECT setval('{sequence}', 100000)"))
            if not alone:
                await connection.execute(text(f"SELECT setval('shipment_number_{VICTIM.hex}', 100000)"))
        refused = True
        async with asyncio.timeout(5):
            while refused:  # a key that was not there a moment ago is not looked for again at once
                answer = await self.client.post("/graphql", json=WHO, headers=keyed("attacker"))
                refused = answer.status_code == 401
                await asyncio.sleep(0.1 * refused)
        return made

    async def empty(self) -> None:
        assert self.settings.postgres_url
        await delete_rows(self.settings.postgres_url.get_secret_value())

    async def ask(self, who: str, attack: Attack) -> str:
        body = {"query": attack.document, "variables": attack.variables}
        answer = await self.client.post("/graphql", json=body, headers={**keyed(who), "x-request-id": "isolation"})
        assert answer.status_code in (200, 400), (attack, answer.text)
        return USED.sub('"lastUsedAt":null', answer.text)

    async def treasure(self) -> str:
        """A digest of all rows of the victim, and of its sequence of numbers."""
        found = []
        async with self.owner.connect() as connection:
            for (table,) in (await connection.execute(text(TABLES))).all():
                rows = f"SELECT to_jsonb(t) - 'last_used_at' AS row FROM \"{table}\" t WHERE account_id = '{VICTIM}'"
                digest = f"SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM ({rows}) AS rows"
                found.append((await connection.execute(text(digest))).scalar_one())
            for rest in (
                f"SELECT last_value::text || is_called FROM shipment_number_{VICTIM.hex}",
                f"SELECT md5(a::text) FROM account a WHERE id = '{VICTIM}'",
            ):
                found.append((await connection.execute(text(rest))).scalar_one())
        assert None not in found, "the victim has no rows in some table"
        return hashlib.sha256("".join(found).encode()).hexdigest()


@pytest.fixture
async def doors(app: Starlette, client: httpx.AsyncClient, owner: AsyncEngine, settings: Settings) -> Doors:
    return Doors(app, client, owner, settings)


def keyed(who: str) -> dict[str, str]:
    """The key with which an account asks."""
    return {"authorization": f"Bearer {twin_accounts.KEYS[who].text}"}


async def loot(doors: Doors, rows: dict[str, list[twin_accounts.Row]]) -> dict[str, list[Any]]:
    """All that the attacker could have got hold of, by the type of the places where it can stand."""
    ids = twin_accounts.one(VICTIM, rows)
    shown = [("node", {"id": ids[name]}) for name in ("Shipment", "Package", "Carrier")]
    fields = isolation_probes.CORE.query_type.fields
    shown += [(name, {"first": 3}) for name, field in fields.items() if str(field.type).endswith("Connection")]
    cursors = {}
    for name, given in shown:
        answer = await doors.ask(
            "victim", Attack(name, isolation_probes.document("query", name, fields[name], given), given)
        )
        assert CURSOR.search(answer), answer
        cursors |= {(name, len(cursor)): cursor for cursor in CURSOR.findall(answer)}
    return {"ID": list(ids.values()), "String": TEXTS, "cursors": sorted(set(cursors.values()))}


async def test_no_question_tells_of_another_account(doors: Doors, account: UUID) -> None:
    rows = await doors.fill(account, alone=False)
    asked = list(isolation_probes.questions(await loot(doors, rows), twin_accounts.one(account, rows)))
    before = await doors.treasure()
    beside = [await doors.ask("attacker", one) for one in asked]
    assert await doors.treasure() == before
    telling = set()
    for one in asked:
        root = one.name.split()[0]
        if root not in telling and MARK in await doors.ask("victim", one):
            telling.add(root)
    assert telling >= set(isolation_probes.CORE.query_type.fields), (
        "some attacks would find nothing even where there is something"
    )
    await doors.empty()
    await doors.fill(account, alone=True)
    for one, answer in zip(asked, beside, strict=True):
        assert await doors.ask("attacker", one) == answer, one.name


def done(name: str, base: dict[str, Any], own: dict[str, str]) -> Attack:
    """A mutation."""
    assert isolation_probes.CORE.mutation_type is not None
    given = bound(base, own)
    return Attack(
        name,
        isolation_probes.document("mutation", name, isolation_probes.CORE.mutation_type.fields[name], given),
        given,
    )


def bound(base: dict[str, Any], own: dict[str, str]) -> dict[str, Any]:
    """The arguments with identities of one's own."""
    text = json.dumps(base)
    for name, identity in own.items():
        text = text.replace(name, identity)
    found: dict[str, Any] = json.loads(text)
    return found


def assaults(loot: dict[str, list[Any]], own: dict[str, str]) -> Iterator[Attack]:
    """All attacks by mutations: each would succeed but for the one place at which it names what is the victim's."""
    assert isolation_probes.CORE.mutation_type is not None
    for name, field in isolation_probes.CORE.mutation_type.fields.items():
        base = bound(isolation_probes.known(name, twin_accounts.BASES, "attacked"), own)
        yield from naming(isolation_probes.against("mutation", name, field, base, loot), loot)


def naming(some: Iterable[Attack], loot: dict[str, list[Any]]) -> Iterator[Attack]:
    """Those that name what is the victim's; the others only ask what is one's own."""
    theirs = {repr(one) for values in loot.values() for one in values}
    return (one for one in some if one.name.split(" ", 2)[2] in theirs)


async def prepared(doors: Doors, who: str) -> tuple[dict[str, str], list[str]]:
    """Every mutation once, with an idempotency key that is the same for both; identities of what was made, answers."""
    answers, own = [], dict.fromkeys(KINDS.values(), "")
    packages = Attack("", '{ shipment(by: { externalReference: "twin-update" }) { packages { id } } }', {})

    async def do(name: str, base: dict[str, Any]) -> None:
        answer = await doors.ask(who, done(name, base, own))
        assert '"errors":[{' not in answer, (name, answer)
        assert '"replayed":false' in answer, (name, answer)
        answers.append(answer)
        for identity in ID.findall(answer + await doors.ask(who, packages)):
            if identity[:3] in KINDS:
                own[KINDS[identity[:3]]] = identity

    for name, base in twin_accounts.BASES.items():
        await do(name, {**base, "options": {"idempotencyKey": "twin"}})
    await do(
        "trackingEventsRecord", {"inputs": [{**twin_accounts.EVENT, "occurred": {"instant": "2026-03-03T10:00:00Z"}}]}
    )
    return own, answers


def plain(answers: list[str], rows: dict[str, list[twin_accounts.Row]]) -> list[str]:
    """Answers without what differs from run to run: moments, and identities made meanwhile but for their order."""
    fixed = {row["id"].hex for some in rows.values() for row in some if "id" in row}
    met: dict[str, str] = {}

    def identity(found: re.Match[str]) -> str:
        return found[0] if found[0][4:] in fixed else met.setdefault(found[0], f"{found[0][:4]}{len(met)}")

    return [SECRET.sub("secret", ID.sub(identity, MOMENT.sub("now", CURSOR.sub("here", answer)))) for answer in answers]


async def test_no_mutation_reaches_another_account(doors: Doors, account: UUID) -> None:
    rows = await doors.fill(account, alone=False)
    found = {**await loot(doors, rows), "String": TEXTS[::2]}
    own, _ = await prepared(doors, "victim")
    before = await doors.treasure()

    async def attacked() -> tuple[list[str], list[str]]:
        own, answers = await prepared(doors, "attacker")
        names = ["prepared"] * len(answers)
        for one in assaults(found, own):
            answers.append(await doors.ask("attacker", one))
            names.append(f"{one.name} {one.variables}")
        return names, answers

    names, beside = await attacked()
    assert await doors.treasure() == before
    await victim_is_hurt(doors, found, own, before)
    await doors.empty()
    await doors.fill(account, alone=True)
    _, alone = await attacked()
    for name, one, other in zip(names, plain(beside, rows), plain(alone, rows), strict=True):
        assert one == other, name


async def victim_is_hurt(doors: Doors, found: dict[str, list[Any]], own: dict[str, str], before: str) -> None:
    """The same attacks change something where they are none: each mutation was attacked with what it takes."""
    hurt = set()
    for one in assaults(found, own):
        name = one.name.split()[0]
        if name not in hurt:
            await doors.ask("victim", one)
            if (now := await doors.treasure()) != before:
                hurt.add(name)
                before = now
    assert hurt == set(MUTATIONS)


async def test_no_subscription_tells_of_another_account(doors: Doors, account: UUID) -> None:
    rows = await doors.fill(account, alone=False)
    found = await loot(doors, rows)
    found |= {"ID": found["ID"][:1], "String": [MARK]}
    asked = []
    assert isolation_probes.CORE.subscription_type is not None
    for name, field in isolation_probes.CORE.subscription_type.fields.items():
        for base in ({}, {"after": ""}):
            asked.append(Attack(name, isolation_probes.document("subscription", name, field, base), base))
        asked += naming(isolation_probes.against("subscription", name, field, {"after": ""}, found), found)
    headers = {"additional_headers": keyed("attacker")}
    own = Attack(
        "",
        isolation_probes.document(
            "subscription", "shipmentChanged", isolation_probes.CORE.subscription_type.fields["shipmentChanged"], {}
        ),
        {},
    )
    told: list[str] = []
    async with serving(doors.app, doors.settings) as port, contextlib.AsyncExitStack() as stack:
        victim = await stack.enter_async_context(Socket(port, additional_headers=keyed("victim")))
        await victim.init()
        await victim.subscribe(own.document, {}, "own")
        await asyncio.sleep(0.3)  # who asks the same shares a statement, but for the account
        open_sockets = []
        for at in range(0, len(asked), 18):
            socket = await stack.enter_async_context(Socket(port, **headers))
            await socket.init()
            for number, one in enumerate(asked[at : at + 18]):
                await socket.subscribe(one.document, one.variables, str(number))
            await socket.subscribe(own.document, {}, "own")
            open_sockets.append(socket)
        await asyncio.sleep(1)
        await prepared(doors, "victim")
        assert (await victim.receive())["type"] == "next"
        await doors.ask(
            "attacker", done("shipmentCreate", {"input": {**twin_accounts.NEW, "externalReference": "the end"}}, {})
        )
        for socket in open_sockets:
            while not (
                '"id":"own"' in (message := str(await asyncio.wait_for(socket.wire.recv(), 20)))
                and "the end" in message
            ):
                told.append(message)
    assert len(told) > len(asked)
    theirs = {row["id"].hex for some in twin_accounts.of(VICTIM, rows).values() for row in some if "id" in row}
    async with doors.owner.connect() as connection:
        made = await connection.execute(text(f"SELECT id FROM shipment WHERE account_id = '{VICTIM}'"))
        theirs |= {id_.hex for id_ in made.scalars()}
    for message in told:
        assert MARK not in message
        assert not theirs & {one[4:] for one in ID.findall(message)}
