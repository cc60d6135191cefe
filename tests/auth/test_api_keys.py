"""API keys over HTTP: who is let in, as what, for how long, and what is kept of a key."""

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.auth import api_key, authenticator, scopes
from graphql_app.auth.viewer import Viewer
from graphql_app.cli import account_admin
from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.graphql_client import Ask
from tests.support.live_server import client_of
from tests.support.mutation_client import minimal, trail

WHO = "{ viewer { account apiKey scopes } }"
CREATE = """mutation($input: ApiKeyCreateInput!, $options: MutationOptions) {
  apiKeyCreate(input: $input, options: $options) {
    apiKey { id name prefix scopes createdAt lastUsedAt expiresAt revokedAt } secret
    errors { code message path } meta { replayed }
  }
}"""
REVOKE = """mutation($id: ID!) {
  apiKeyRevoke(id: $id) { apiKey { revokedAt } errors { code path } }
}"""
LIST = "{ apiKeys { nodes { id name prefix } totalCount { count } } }"
SHIP = """mutation($input: ShipmentCreateInput!) {
  shipmentCreate(input: $input) { shipment { number } errors { message } meta { replayed } }
}"""


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture
async def key(owner: AsyncEngine) -> str:
    """The secret of a key of the default account that may do everything."""
    return (await account_admin.create_key(owner, "default", "tests")).text


@pytest.fixture
async def other(owner: AsyncEngine) -> str:
    """The same of another account."""
    await account_admin.create_account(owner, "other", "Other")
    return (await account_admin.create_key(owner, "other", "tests")).text


@pytest.fixture
def keys(app: Starlette) -> authenticator.ApiKeyAuthenticator:
    """The app's keyring."""
    found: authenticator.ApiKeyAuthenticator = app.state.subscription_broker.authenticator
    return found


@pytest.fixture
async def readings(keys: authenticator.ApiKeyAuthenticator) -> AsyncIterator[list[str]]:
    """Every statement that the keyring sends."""
    sent: list[str] = []

    def asked(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(keys.engine.sync_engine, "before_cursor_execute", asked)
    yield sent
    event.remove(keys.engine.sync_engine, "before_cursor_execute", asked)


async def refused_within_a_second(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """It was let in until just now."""
    begun = sent = time.monotonic()
    while (answer := await client.post("/graphql", json={"query": WHO}, headers=headers)).status_code == 200:
        assert sent - begun < 1
        await asyncio.sleep(0.02)
        sent = time.monotonic()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_secret_has_256_bits_and_a_beginning_and_an_end_that_tell_what_it_is() -> None:
    made = [api_key.generate() for _ in range(200)]
    assert len({one.text for one in made}) == len({one.prefix for one in made}) == 200
    assert len(api_key.LETTERS) ** api_key.RANDOM >= 2**256
    for one in made:
        assert re.fullmatch(r"shpk_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}", one.text)
        assert one.text.startswith(f"{one.prefix}_")
        assert one.hash == hashlib.sha256(one.text.encode()).digest()
        assert api_key.has_valid_checksum(one.text.encode())
        assert not api_key.has_valid_checksum(one.text[:-10].encode() + one.text[-9:].encode() + b"!")


async def test_a_key_is_its_account_its_name_and_its_scopes(ask: Ask, key: str, other: str, owner: AsyncEngine) -> None:
    answer = await ask(WHO, headers=bearer(key))
    assert answer["data"]["viewer"] == {"account": "default", "apiKey": "tests", "scopes": list(scopes.SCOPES)}
    little = await account_admin.create_key(owner, "other", "little", [scopes.READ])
    answer = await ask(WHO, headers={"authorization": f"bearer   {little.text} "})
    assert answer["data"]["viewer"] == {"account": "other", "apiKey": "little", "scopes": [scopes.READ]}
    await ask(SHIP, {"input": minimal()}, headers=bearer(other))
    count = "{ shipments { totalCount { count } } }"
    for secret, number in ((key, 0), (other, 1)):
        found = await ask(count, headers=bearer(secret))
        assert found["data"]["shipments"]["totalCount"]["count"] == number


async def test_of_a_secret_nothing_is_kept_but_its_hash_and_its_beginning(
    ask: Ask, key: str, owner: AsyncEngine
) -> None:
    made = await ask(CREATE, {"input": {"name": "n", "scopes": ["admin"]}}, headers=bearer(key))
    rows = "\n".join((await trail(owner)).values())
    for secret in (key, made["data"]["apiKeyCreate"]["secret"]):
        assert hashlib.sha256(secret.encode()).hexdigest() in rows
        assert secret[: api_key.PREFIX] in rows
        assert secret[: api_key.PREFIX + 2] not in rows
        assert secret[-20:] not in rows


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer nonsense",
        "Bearer shpk_0123456789_" + "a" * 49,
        "Bearer " + "x" * 60_000,
        "Bearer \u00e9",
        "Bearer two words",
    ],
)
async def test_what_is_no_key_is_refused_without_a_statement(
    header: str | None, client: httpx.AsyncClient, key: str, readings: list[str], statements: list[str]
) -> None:
    await client.post("/graphql", json={"query": WHO}, headers=bearer(key))
    await client.post("/graphql", json={"query": WHO})  # now it is known that there is one
    readings.clear()
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    answer = await client.post("/graphql", content=b"{", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert [one for one in readings if "shpk" in one or "default_account" in one] == []
    assert statements == []


async def test_a_key_that_was_never_made_is_refused(client: httpx.AsyncClient, key: str) -> None:
    stranger = api_key.generate()
    for secret in (stranger.text, stranger.text[:-49] + key[-49:], key[:-1] + ("a" if key[-1] != "a" else "b")):
        answer = await client.post("/graphql", json={"query": WHO}, headers=bearer(secret))
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["message"] == api_key.UNKNOWN_KEY


async def test_a_near_miss_takes_the_way_of_any_stranger(
    client: httpx.AsyncClient, key: str, keys: authenticator.ApiKeyAuthenticator, readings: list[str]
) -> None:
    """A secret is never compared with one that is kept, so no time tells how much of it is right: what is looked for
    is its hash, of which one letter changes everything."""
    await client.post("/graphql", json={"query": WHO}, headers=bearer(key))
    body = key[: -api_key.CHECK - 1] + ("a" if key[-api_key.CHECK - 1] != "a" else "b")
    near, far = body + api_key.checksum(body.encode()), api_key.generate().text
    seen = []
    for secret in (near, far):
        readings.clear()
        answer = await client.post("/graphql", json={"query": WHO}, headers=bearer(secret))
        said = answer.json()
        del said["errors"][0]["extensions"]["requestId"]
        seen.append((answer.status_code, said, set(readings)))
        assert api_key.digest(secret.encode()) in keys.refused
    assert seen[0] == seen[1]
    assert len(seen[0][2]) == 1


async def test_with_a_key_a_question_is_one_statement_too(
    ask: Ask, key: str, keys: authenticator.ApiKeyAuthenticator, readings: list[str], statements: list[str]
) -> None:
    await ask("{ carriers { nodes { id } } }", headers=bearer(key))
    statements.clear()
    readings.clear()
    begun = time.monotonic()
    for _ in range(50):
        await ask("{ carriers { nodes { id } } }", headers=bearer(key))
        await ask(WHO, headers=bearer(key))
    assert len(statements) == 50
    assert len(readings) <= 2 + 2 * (time.monotonic() - begun) / authenticator.REFRESH_SECONDS


async def test_a_revoked_key_is_refused_within_a_second(
    ask: Ask, client: httpx.AsyncClient, owner: AsyncEngine
) -> None:
    for _ in range(3):
        made = await account_admin.create_key(owner, "default", "gone")
        await ask(WHO, headers=bearer(made.text))
        await account_admin.revoke_key(owner, made.prefix)
        await refused_within_a_second(client, bearer(made.text))


async def test_an_expired_key_is_refused_within_a_second(
    ask: Ask, client: httpx.AsyncClient, owner: AsyncEngine
) -> None:
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    made = await account_admin.create_key(owner, "default", "short", expires_at=until)
    await ask(WHO, headers=bearer(made.text))
    await asyncio.sleep((until - datetime.now(UTC)).total_seconds())
    await refused_within_a_second(client, bearer(made.text))


async def test_without_keys_everybody_here_is_the_default_account_until_one_is_made(
    ask: Ask, client: httpx.AsyncClient, owner: AsyncEngine
) -> None:
    answer = await ask(WHO)
    assert answer["data"]["viewer"] == {"account": "default", "apiKey": None, "scopes": list(scopes.SCOPES)}
    made = await account_admin.create_key(owner, "default", "first")
    await refused_within_a_second(client, {})
    await account_admin.revoke_key(owner, made.prefix)
    await asyncio.sleep(1)
    await ask(WHO, status=401)
    await ask(WHO, status=401, headers=bearer(made.text))


async def test_a_process_that_needs_keys_does_not_let_in_who_has_none(engine: AsyncEngine, settings: Settings) -> None:
    app = app_module.create_app(settings, engine=engine)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        assert (await client.post("/graphql", json={"query": WHO})).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil", ""])
async def test_without_keys_a_page_whose_name_leads_here_gets_nothing(host: str, ask: Ask) -> None:
    answer = await ask(WHO, status=403, headers={"host": host})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"])
async def test_without_keys_what_a_proxy_passes_on_is_not_answered(name: str, ask: Ask) -> None:
    await ask(WHO, status=403, headers={name: "203.0.113.7"})


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "127.8.9.1", "[::1]:8000", "LOCALHOST"])
async def test_without_keys_this_machine_is_known_by_its_names(host: str, ask: Ask) -> None:
    await ask(WHO, headers={"host": host})


async def test_with_a_key_any_host_will_do(ask: Ask, key: str) -> None:
    await ask(WHO, headers={"host": "api.example", **bearer(key)})


async def test_strangers_fill_no_memory_and_come_to_one_statement_at_a_time(
    client: httpx.AsyncClient,
    key: str,
    keys: authenticator.ApiKeyAuthenticator,
    readings: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authenticator, "MOST_REFUSED", 100)
    await client.post("/graphql", json={"query": WHO}, headers=bearer(key))
    readings.clear()
    begun = time.monotonic()
    strangers = [bearer(api_key.generate().text) for _ in range(300)]
    answers = await asyncio.gather(
        *(client.post("/graphql", json={"query": WHO}, headers=one) for one in [*strangers, *strangers])
    )
    assert {answer.status_code for answer in answers} == {401}
    assert len(readings) <= 4 + (time.monotonic() - begun) / authenticator.REFRESH_SECONDS
    assert len(keys.refused) == 100
    assert (await client.post("/graphql", json={"query": WHO}, headers=bearer(key))).status_code == 200


async def test_keys_that_are_used_no_more_are_forgotten_and_found_again(
    ask: Ask, key: str, keys: authenticator.ApiKeyAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator, "IN_USE", 0.1)
    await ask(WHO, headers=bearer(key))
    deadline = time.monotonic() + 5
    while keys.known:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await ask(WHO, headers=bearer(key))


async def test_only_so_many_keys_are_kept(
    ask: Ask, owner: AsyncEngine, keys: authenticator.ApiKeyAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator, "MOST_KEPT", 3)
    made = [await account_admin.create_key(owner, "default", f"{n}") for n in range(5)]
    for _ in range(2):
        for one in made:
            await ask(WHO, headers=bearer(one.text))
            assert len(keys.known) <= 3


@pytest.mark.parametrize("keyless", [True, False])
async def test_without_the_database_nobody_is_let_in(
    keyless: bool, key: str, engine: AsyncEngine, settings: Settings
) -> None:
    url = engine.url.set(query={}, host="127.0.0.1", port=1).render_as_string(hide_password=False)
    away = make_engine(url, settings, scoped=True)
    app = app_module.create_app(settings, engine=away, keyless=keyless)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        for headers in [bearer(key), *([{}] if keyless else [])]:
            answer = await client.post("/graphql", json={"query": WHO}, headers=headers)
            assert answer.status_code == 503
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    await away.dispose()


async def test_when_the_database_goes_and_comes_keys_are_let_in_again(
    client: httpx.AsyncClient, key: str, keys: authenticator.ApiKeyAuthenticator
) -> None:
    """The keyring is cut off for longer than what it has read may count, then it is let back."""
    assert (await client.post("/graphql", json={"query": WHO}, headers=bearer(key))).status_code == 200
    own = keys.connect
    keys.connect = make_engine("postgresql://127.0.0.1:1/gone", app_settings()).connect
    begun = time.monotonic()
    while (answer := await client.post("/graphql", json={"query": WHO}, headers=bearer(key))).status_code == 200:
        assert time.monotonic() - begun < authenticator.CACHE_SECONDS + 0.2
        await asyncio.sleep(0.02)
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
    keys.connect = own
    assert (await client.post("/graphql", json={"query": WHO}, headers=bearer(key))).status_code == 200


def app_settings() -> Settings:
    return Settings()


async def test_a_key_that_is_cut_off_from_its_connection_is_read_over_another(
    client: httpx.AsyncClient, key: str, owner: AsyncEngine
) -> None:
    cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'graphql-app keys'")
    for _ in range(4):
        assert (await client.post("/graphql", json={"query": WHO}, headers=bearer(key))).status_code == 200
        async with owner.connect() as connection:
            await connection.execute(cut)
        await asyncio.sleep(0.5)


async def test_when_a_key_was_last_used_is_written_once_a_minute_and_at_the_end(
    key: str, owner: AsyncEngine, engine: AsyncEngine, settings: Settings
) -> None:
    async with client_of(engine, settings) as client:
        assert isinstance(client._transport, httpx.ASGITransport)
        found: Any = client._transport.app
        keys: authenticator.ApiKeyAuthenticator = found.state.subscription_broker.authenticator
        for _ in range(20):
            await client.post("/graphql", json={"query": WHO}, headers=bearer(key))
        assert len(keys.used) == 1
    async with owner.connect() as connection:
        used = (await connection.execute(text("SELECT last_used_at FROM api_key"))).scalar_one()
    assert used == used.replace(second=0, microsecond=0)
    assert timedelta(0) <= datetime.now(UTC) - used < timedelta(minutes=2)


async def test_when_a_key_was_last_used_is_written_while_it_is_used(
    ask: Ask, key: str, keys: authenticator.ApiKeyAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator, "NOTED", 0.2)
    deadline = time.monotonic() + 5
    query = "{ apiKeys { nodes { lastUsedAt } } }"
    while (await ask(query, headers=bearer(key)))["data"]["apiKeys"]["nodes"] == [{"lastUsedAt": None}]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert not keys.used


async def test_keys_of_one_name_are_two_actors(ask: Ask, owner: AsyncEngine, client: httpx.AsyncClient) -> None:
    one, two = [await account_admin.create_key(owner, "default", "script") for _ in range(2)]
    numbers = []
    for secret in (one, two, one):
        headers = {**bearer(secret.text), "idempotency-key": "k-1"}
        made = (await ask(SHIP, {"input": minimal()}, headers=headers))["data"]["shipmentCreate"]
        numbers.append((made["shipment"]["number"], made["meta"]["replayed"]))
    assert numbers[0][0] != numbers[1][0]
    assert numbers[2] == (numbers[0][0], True)
    found = await ask('{ changes(where: {ops: ["shipment.created"]}) { nodes { actor } } }', headers=bearer(one.text))
    actors = [node["actor"] for node in found["data"]["changes"]["nodes"]]
    assert actors == [f"script ({one.prefix})", f"script ({two.prefix})"]


async def test_each_key_has_a_budget_of_its_own(owner: AsyncEngine, engine: AsyncEngine, settings: Settings) -> None:
    one, two = [await account_admin.create_key(owner, "default", "same name") for _ in range(2)]
    async with client_of(engine, settings, rate_limit=0.001, rate_limit_burst=3) as client:
        statuses = [
            (await client.post("/graphql", json={"query": WHO}, headers=bearer(secret.text))).status_code
            for secret in (one, one, one, one, one, two)
        ]
    assert statuses == [200, 200, 200, 200, 429, 200]


async def test_a_key_is_made_shown_once_listed_and_revoked(
    ask: Ask, client: httpx.AsyncClient, key: str, owner: AsyncEngine
) -> None:
    given = {"name": "  scanner ", "scopes": ["events:write", "shipments:read"], "expiresAt": "2999-01-01T00:00:00Z"}
    payload = (await ask(CREATE, {"input": given}, headers=bearer(key)))["data"]["apiKeyCreate"]
    made, secret = payload["apiKey"], payload["secret"]
    assert payload["errors"] == []
    assert (made["name"], made["scopes"]) == ("scanner", ["shipments:read", "events:write"])
    assert (made["prefix"], made["revokedAt"], made["lastUsedAt"]) == (secret[: api_key.PREFIX], None, None)
    assert made["expiresAt"].startswith("2999-01-01T00:00:00")
    assert (await ask(WHO, headers=bearer(secret)))["data"]["viewer"]["apiKey"] == "scanner"
    listed = (await ask(LIST, headers=bearer(key)))["data"]["apiKeys"]
    assert [node["name"] for node in listed["nodes"]] == ["tests", "scanner"]
    assert listed["totalCount"]["count"] == 2
    for _ in range(2):  # the second time nothing is left to be done
        gone = (await ask(REVOKE, {"id": made["id"]}, headers=bearer(key)))["data"]["apiKeyRevoke"]
        assert gone["errors"] == []
        assert gone["apiKey"]["revokedAt"] is not None
    await refused_within_a_second(client, bearer(secret))
    log = await ask("{ changes { nodes { op actor changed } } }", headers=bearer(key))
    (first, created, revoked) = log["data"]["changes"]["nodes"]
    assert (first["op"], first["actor"]) == ("api_key.created", account_admin.ACTOR)
    assert (created["op"], created["actor"]) == ("api_key.created", f"tests ({key[: api_key.PREFIX]})")
    assert created["changed"]["name"] == [None, "scanner"]
    assert created["changed"]["scopes"] == [None, ["shipments:read", "events:write"]]
    assert revoked["op"] == "api_key.revoked"


async def test_a_secret_is_not_answered_again_to_a_retry(ask: Ask, key: str) -> None:
    given = {"input": {"name": "n", "scopes": ["admin"]}, "options": {"idempotencyKey": "k"}}
    first, second = [(await ask(CREATE, given, headers=bearer(key)))["data"]["apiKeyCreate"] for _ in range(2)]
    assert first["secret"].startswith(first["apiKey"]["prefix"])
    assert second == {**first, "secret": None, "meta": {"replayed": True}}
    assert (await ask(LIST, headers=bearer(key)))["data"]["apiKeys"]["totalCount"]["count"] == 2


async def test_validate_only_makes_no_key(ask: Ask, key: str) -> None:
    given = {"input": {"name": "n", "scopes": ["admin"]}, "options": {"validateOnly": True}}
    payload = (await ask(CREATE, given, headers=bearer(key)))["data"]["apiKeyCreate"]
    assert (payload["apiKey"], payload["secret"], payload["errors"]) == (None, None, [])
    assert (await ask(LIST, headers=bearer(key)))["data"]["apiKeys"]["totalCount"]["count"] == 1


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"name": " "}, "REQUIRED", ["input", "name"]),
        ({"name": "x" * 101}, "LIMIT_EXCEEDED", ["input", "name"]),
        ({"name": "a\0b"}, "INVALID", ["input", "name"]),
        ({"scopes": []}, "REQUIRED", ["input", "scopes"]),
        ({"scopes": ["admin", "everything"]}, "INVALID", ["input", "scopes", "1"]),
        ({"scopes": ["admin", "shipments:write"]}, "FORBIDDEN", ["input", "scopes", "1"]),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "INVALID", ["input", "expiresAt"]),
        ({"expiresAt": "9999-01-01T00:00:00Z"}, "INVALID", ["input", "expiresAt"]),
    ],
)
async def test_what_is_wrong_with_a_new_key_is_said(
    given: dict[str, Any], code: str, path: list[str], ask: Ask, owner: AsyncEngine
) -> None:
    admin = await account_admin.create_key(owner, "default", "admin", [scopes.ADMIN])
    full = {"name": "n", "scopes": ["admin"], **given}
    payload = (await ask(CREATE, {"input": full}, headers=bearer(admin.text)))["data"]["apiKeyCreate"]
    assert (payload["apiKey"], payload["secret"]) == (None, None)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]


async def test_keys_of_another_account_are_not_there(ask: Ask, key: str, other: str) -> None:
    (theirs,) = (await ask(LIST, headers=bearer(other)))["data"]["apiKeys"]["nodes"]
    (own,) = (await ask(LIST, headers=bearer(key)))["data"]["apiKeys"]["nodes"]
    assert own["id"] != theirs["id"]
    missing = f"key_{UUID(int=7).hex}"
    answers = [
        (await ask(REVOKE, {"id": id_}, headers=bearer(key)))["data"]["apiKeyRevoke"]
        for id_ in (theirs["id"], missing, "nonsense")
    ]
    assert answers == [{"apiKey": None, "errors": [{"code": "NOT_FOUND", "path": ["id"]}]}] * 3
    await asyncio.sleep(0.1)
    await ask(WHO, headers=bearer(other))


async def test_nothing_in_the_schema_is_a_hash(client: httpx.AsyncClient) -> None:
    fields = re.findall(r"^  (\w+)[(:]", (await client.get("/schema.graphql")).text, re.M)
    assert [name for name in fields if "hash" in name.lower()] == []


def test_a_viewer_does_not_show_its_hash() -> None:
    viewer = Viewer(UUID(int=1), "default", "name", scopes.SCOPES, "shpk_0", UUID(int=2), secrets.token_bytes(32))
    assert viewer.hash.hex() not in repr(viewer)
    assert "hash" not in repr(viewer)


async def test_the_explorers_page_needs_no_key_and_says_where_one_goes(
    client: httpx.AsyncClient, ask: Ask, key: str
) -> None:
    await ask(WHO, status=401)
    page = await client.get("/graphql", headers={"accept": "text/html", "host": "anything.example"})
    assert page.status_code == 200
    assert "This server asks for an API key" in page.text
