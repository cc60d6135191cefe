"""What tests share: one PostgreSQL of our own a run, one migrated template in it, one copy of that a worker.

Commits are real, so that races and notifications can be tested; after a test every table is emptied again.
"""

import asyncio
import contextlib
import functools
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import hypothesis
import pytest
from asyncpg import introspection
from sqlalchemy import event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app import settings as settings_module
from graphql_app.database import embedded_server, migrate
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.schema import build
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support import mutation_client, random_arguments, seed_data

TEMPLATE = "template_migrated"
KEPT = {"alembic_version", "account"}
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
ACQUAINTANCE = {introspection.INTRO_LOOKUP_TYPES, introspection.TYPE_BY_NAME}
Ask = Callable[..., Awaitable[dict[str, Any]]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", type=Path, default=SHARED_DATA, help="folder of real data that is not in the repository")
    parser.addoption("--storm", type=float, default=4.0, help="seconds for which the clients of a storm write")
    parser.addoption(
        "--golden-update", action="store_true", help="rewrite tests/query_engine/golden from what is answered now"
    )
    parser.addoption("--questions", type=int, help="ask so many new questions by chance, instead of the usual ones")


def pytest_configure(config: pytest.Config) -> None:
    """The usual questions are the same at every run; more, and others, on demand. Shrinking them takes minutes."""
    # a shell that begins us with & lets Ctrl-C be ignored, by us and by all that we start
    signal.signal(signal.SIGINT, signal.default_int_handler)
    number = config.getoption("--questions")
    hypothesis.settings.register_profile(
        "questions",
        max_examples=number or 200,
        derandomize=number is None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        deadline=None,
        database=None,
        report_multiple_bugs=False,
    )


@pytest.fixture(scope="session", autouse=True)
def one_schema() -> Iterator[None]:
    """Build the schema once a worker: it takes 0.15 s, and nothing in it belongs to one app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build", functools.cache(build.build))
        yield


@pytest.fixture(scope="session")
def shared_data(pytestconfig: pytest.Config) -> Path:
    """Real data that is not ours to publish: shipments, tracking histories, tracking numbers. Absent: skipped."""
    folder: Path = pytestconfig.getoption("--data")
    if not folder.is_dir():
        pytest.skip(f"needs {folder}; name another with --data")
    return folder


@pytest.fixture(scope="session")
def storm_seconds(pytestconfig: pytest.Config) -> float:
    """For how long the clients of test_races and test_crashes write."""
    seconds: float = pytestconfig.getoption("--storm")
    return seconds


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can enter, which pytest's own are not when root runs the tests."""
    made = Path(tempfile.mkdtemp(prefix="shipments-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[embedded_server.EmbeddedServer]:
    """The PostgreSQL of this run."""
    running = embedded_server.EmbeddedServer(folder / "postgres", fast=True).start()
    yield running
    running.stop()


def database_url(server: embedded_server.EmbeddedServer, name: str) -> str:
    """The URL of another database on the run's server."""
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)


@contextlib.asynccontextmanager
async def admin(server: embedded_server.EmbeddedServer) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection that makes and drops databases."""
    connection = await asyncpg.connect(database_url(server, "postgres"))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def migrated(server: embedded_server.EmbeddedServer) -> str:
    """A database with all migrations, of which others are copies. Nobody may be connected to it then."""

    async def make() -> None:
        async with admin(server) as connection:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        engine = make_engine(database_url(server, TEMPLATE), settings_module.read())
        await migrate.upgrade(engine)
        await engine.dispose()

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture(scope="session")
def postgres_url(server: embedded_server.EmbeddedServer, migrated: str) -> str:
    """The URL of this worker's database: migrated, with the default account and nothing else."""

    async def make() -> None:
        async with admin(server) as connection:
            await connection.execute(f"CREATE DATABASE test TEMPLATE {migrated}")

    asyncio.run(make())
    return database_url(server, "test")


@pytest.fixture(scope="session")
def world_url(server: embedded_server.EmbeddedServer, migrated: str) -> str:
    """The URL of a database that holds the world of `world.py`, for tests that only read: `@pytest.mark.world`."""
    url = database_url(server, "world")

    async def make() -> None:
        async with admin(server) as connection:
            await connection.execute(f"CREATE DATABASE world TEMPLATE {migrated}")
        engine = make_engine(url, settings_module.read())
        await seed_data.fill(engine)
        await engine.dispose()

    asyncio.run(make())
    return url


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings that point to this worker's database, or to that of the world."""
    named = "world_url" if request.node.get_closest_marker("world") else "postgres_url"
    return settings_module.read(postgres_url=request.getfixturevalue(named), demo=False)


@pytest.fixture
async def engine(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The engine of requests, on a clean database. What the test committed is deleted after it, whatever happened.

    As shipped it sees the rows of one account only, by way of a `database.Session`; `owner` sees them all, and so does
    this one where `@pytest.mark.unguarded` says so.
    """
    assert settings.postgres_url
    scoped = request.node.get_closest_marker("unguarded") is None
    made = make_engine(settings.postgres_url.get_secret_value(), settings, scoped=scoped)
    try:
        yield made
    finally:
        await made.dispose()
        if not request.node.get_closest_marker("world"):
            await empty(settings.postgres_url.get_secret_value())


@pytest.fixture
async def owner(settings: Settings, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An engine for looks behind the scenes: in the role that owns the tables."""
    assert settings.postgres_url
    made = make_engine(settings.postgres_url.get_secret_value(), settings, name="tests")
    yield made
    await made.dispose()


@pytest.fixture
async def account(owner: AsyncEngine) -> UUID:
    """The default account."""
    async with owner.connect() as connection:
        found: UUID = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
        return found


async def empty(postgres_url: str) -> None:
    """Delete all rows but the default account's. DELETE takes 0.4 ms where TRUNCATE takes 10."""
    connection = await asyncpg.connect(postgres_url, server_settings={"session_replication_role": "replica"})
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        names = {row["relname"] for row in tables} - KEPT - {"account"}
        accounts = await connection.fetch("DELETE FROM account WHERE slug <> 'default' RETURNING id")
        sequences = [f"DROP SEQUENCE IF EXISTS shipment_number_{row['id'].hex}" for row in accounts]
        await connection.execute(";".join([*(f'DELETE FROM "{name}"' for name in names), *sequences]))
        await connection.execute("UPDATE account SET name = 'Default account', settings = '{}'")
        default = await connection.fetchval("SELECT id FROM account")
        await connection.execute(f"ALTER SEQUENCE shipment_number_{default.hex} RESTART")
    finally:
        await connection.close()


@pytest.fixture
async def statements(engine: AsyncEngine, account: UUID, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Every statement sent on the test's engine, through SQLAlchemy or straight to the driver, BEGIN and COMMIT too.

    Not those by which SQLAlchemy and asyncpg make themselves acquainted with the server on a new connection. asyncpg's
    own query loggers speak a turn of the event loop too late, so they are overheard at the place where they are called.
    The pool begins with one connection, which shows the default account already.
    """
    sent: list[str] = []
    ours: set[int] = set()
    logged = asyncpg.Connection._time_and_log

    def asked_directly(connection: Any, query: str, *arguments: object) -> Any:
        if id(connection) in ours and query not in ACQUAINTANCE:
            sent.append(query)
        return logged(connection, query, *arguments)

    def asked(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        sent.append(statement)

    def connected(connection: Any, *_: object) -> None:
        ours.add(id(connection.driver_connection))
        connection.driver_connection.add_query_logger(lambda _record: None)  # without one, that place is passed by

    monkeypatch.setattr(asyncpg.Connection, "_time_and_log", asked_directly)
    event.listen(engine.sync_engine, "connect", connected)
    async with get_session(engine, account) as session:
        await session.fetch("SELECT 1", [])
    event.listen(engine.sync_engine, "before_cursor_execute", asked)
    sent.clear()
    yield sent
    event.remove(engine.sync_engine, "before_cursor_execute", asked)


@pytest.fixture
async def app(settings: Settings, engine: AsyncEngine) -> AsyncIterator[Starlette]:
    """The app on the test's engine, with its lifespan begun."""
    made = app_module.create_app(settings, engine=engine, keyless=True)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, without a socket between."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    """Post a GraphQL document; the parsed answer."""

    async def asked(
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert answer.status_code == status, answer.text
        parsed: dict[str, Any] = answer.json()
        return parsed

    return asked


@pytest.fixture
def deeds(ask: Ask) -> mutation_client.Deeds:
    """The mutations, by the short names of what they do."""
    return mutation_client.Deeds(ask)


@pytest.fixture
async def plain(owner: AsyncEngine) -> random_arguments.Plain:
    """Plain execution over the world's rows, with what may be asked of them: what reading is compared with."""
    return await random_arguments.plainly(owner)
