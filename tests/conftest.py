"""Fixtures: one embedded PostgreSQL per test run, one migrated template database in it, one copy per worker.

Commits are real, so that races and notifications can be tested; after each test all rows are deleted.
"""

import asyncio
import functools
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import hypothesis
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app import settings as settings_module
from graphql_app.database import embedded_server, migrate
from graphql_app.database.engine import make_engine
from graphql_app.schema import build
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support import graphql_client, mutation_client, random_arguments, seed_data
from tests.support.databases import admin_connection, database_url, delete_rows
from tests.support.statement_log import recorded_statements

TEMPLATE = "template_migrated"
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", type=Path, default=SHARED_DATA, help="folder with real data (not in the repository)")
    parser.addoption("--load-seconds", type=float, default=4.0, help="seconds for which the concurrent clients write")
    parser.addoption(
        "--golden-update",
        action="store_true",
        help="rewrite golden files and document tables",
    )
    parser.addoption("--random-queries", type=int, help="run N new random queries, not the fixed 200")


def pytest_configure(config: pytest.Config) -> None:
    """Register the hypothesis profile: the same 200 queries in every run, or N new ones on demand.

    Shrinking takes minutes, so it is off.
    """
    # a shell that starts pytest with & makes it and all its child processes ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    number = config.getoption("--random-queries")
    hypothesis.settings.register_profile(
        "random-queries",
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
    """Build the schema once per worker: it takes 0.15 s, and nothing in it belongs to a single app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build", functools.cache(build.build))
        yield


@pytest.fixture(scope="session")
def shared_data(pytestconfig: pytest.Config) -> Path:
    """The folder of real data that must not be published. Skips the test if it does not exist.

    It holds shipments, tracking histories and tracking numbers.
    """
    folder: Path = pytestconfig.getoption("--data")
    if not folder.is_dir():
        pytest.skip(f"needs {folder}; name another with --data")
    return folder


@pytest.fixture(scope="session")
def load_seconds(pytestconfig: pytest.Config) -> float:
    """Duration in seconds for which the clients of test_concurrent_writers and test_crashes write."""
    seconds: float = pytestconfig.getoption("--load-seconds")
    return seconds


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """asyncio with uvloop, as in production."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can enter; pytest's own are closed to it when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="shipments-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def server(server_folder: Path) -> Iterator[embedded_server.EmbeddedServer]:
    """The PostgreSQL server of this test run."""
    server_ = embedded_server.EmbeddedServer(server_folder / "postgres", fast=True).start()
    yield server_
    server_.stop()


@pytest.fixture(scope="session")
def migrated(server: embedded_server.EmbeddedServer) -> str:
    """The name of the migrated template database. No connection to it may be open while it is copied."""

    async def create_template() -> None:
        async with admin_connection(server) as connection:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        engine = make_engine(database_url(server, TEMPLATE), settings_module.read())
        await migrate.upgrade(engine)
        await engine.dispose()

    asyncio.run(create_template())
    return TEMPLATE


@pytest.fixture(scope="session")
def postgres_url(server: embedded_server.EmbeddedServer, migrated: str) -> str:
    """The URL of this worker's database: migrated, with the default account and nothing else."""

    async def create_database() -> None:
        async with admin_connection(server) as connection:
            await connection.execute(f"CREATE DATABASE test TEMPLATE {migrated}")

    asyncio.run(create_database())
    return database_url(server, "test")


@pytest.fixture(scope="session")
def seed_data_url(server: embedded_server.EmbeddedServer, migrated: str) -> str:
    """The URL of a database that holds the rows of `seed_data`, for read-only tests: `@pytest.mark.seed_data`."""
    url = database_url(server, "seed_data")

    async def create_database() -> None:
        async with admin_connection(server) as connection:
            await connection.execute(f"CREATE DATABASE seed_data TEMPLATE {migrated}")
        engine = make_engine(url, settings_module.read())
        await seed_data.insert_seed_data(engine)
        await engine.dispose()

    asyncio.run(create_database())
    return url


@pytest.fixture(scope="session")
def plain_owner_url(server: embedded_server.EmbeddedServer) -> str:
    """The URL of a database whose owner may not create roles, as in many managed PostgreSQL services."""
    url = make_url(database_url(server, "plain_owner")).set(username="plain_owner").render_as_string()

    async def create_database() -> None:
        async with admin_connection(server) as connection:
            await connection.execute("CREATE ROLE plain_owner LOGIN")
            await connection.execute("CREATE DATABASE plain_owner OWNER plain_owner")
        engine = make_engine(url, settings_module.read())
        await migrate.upgrade(engine)
        await migrate.force_row_security(engine, forced=True)
        await engine.dispose()

    asyncio.run(create_database())
    return url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests with the marker `plain_owner` for both owners of the tables."""
    if metafunc.definition.get_closest_marker("plain_owner") and "database_owner" in metafunc.fixturenames:
        metafunc.parametrize("database_owner", ["superuser", "plain_owner"], indirect=True)


@pytest.fixture
def database_owner(request: pytest.FixtureRequest) -> str:
    """Who owns the tables: `superuser`, and requests switch to another role, or `plain_owner`, and they do not."""
    return str(getattr(request, "param", "superuser"))


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_owner: str) -> Settings:
    """Settings that point to this worker's database, or to the one with seed data."""
    if database_owner == "plain_owner":
        plain_owner_url = request.getfixturevalue("plain_owner_url")
        return settings_module.read(postgres_url=plain_owner_url, demo=False, database_role="")
    fixture = "seed_data_url" if request.node.get_closest_marker("seed_data") else "postgres_url"
    return settings_module.read(postgres_url=request.getfixturevalue(fixture), demo=False)


@pytest.fixture
async def engine(request: pytest.FixtureRequest, settings: Settings, database_owner: str) -> AsyncIterator[AsyncEngine]:
    """The engine of requests, on a clean database. All rows that the test committed are deleted after it.

    As in production it sees the rows of one account only, through a `session.Session`. `owner` sees all rows, and so
    does this engine under `@pytest.mark.without_row_security`, unless requests run as the owner of the tables.
    """
    assert settings.postgres_url
    scoped = database_owner == "plain_owner" or request.node.get_closest_marker("without_row_security") is None
    engine = make_engine(settings.postgres_url.get_secret_value(), settings, scoped=scoped)
    try:
        yield engine
    finally:
        await engine.dispose()
        if not request.node.get_closest_marker("seed_data"):
            await delete_rows(settings.postgres_url.get_secret_value())


@pytest.fixture
async def owner(settings: Settings, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An engine that sees all rows, for assertions on the database: its role owns the tables."""
    assert settings.postgres_url
    owner_engine = make_engine(settings.postgres_url.get_secret_value(), settings, name="tests")
    yield owner_engine
    await owner_engine.dispose()


@pytest.fixture
async def account(owner: AsyncEngine) -> UUID:
    """The id of the default account."""
    async with owner.connect() as connection:
        account_id: UUID = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
        return account_id


@pytest.fixture
async def statements(engine: AsyncEngine, account: UUID, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Every statement sent on the test's engine, through SQLAlchemy or the driver, with BEGIN and COMMIT."""
    async with recorded_statements(engine, account, monkeypatch) as sent:
        yield sent


@pytest.fixture
async def app(settings: Settings, engine: AsyncEngine) -> AsyncIterator[Starlette]:
    """The app on the test's engine, with its lifespan started."""
    app_ = app_module.create_app(settings, engine=engine, keyless=True)
    async with app_.router.lifespan_context(app_):
        yield app_


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that calls the app in process, without a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client_:
        yield client_


@pytest.fixture
def execute(client: httpx.AsyncClient) -> graphql_client.Execute:
    """Posts a GraphQL document and returns the parsed response."""
    return graphql_client.executor(client)


@pytest.fixture
def mutations(execute: graphql_client.Execute) -> mutation_client.MutationClient:
    """The mutations, as methods with short names."""
    return mutation_client.MutationClient(execute)


@pytest.fixture
async def reference(owner: AsyncEngine) -> random_arguments.Reference:
    """The reference executor over the seed data, and random arguments for it."""
    return await random_arguments.load_reference(owner)
