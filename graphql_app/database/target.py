"""Where the database is: the one that POSTGRES_URL names, a PostgreSQL of our own, or one that is thrown away."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings
from graphql_app.database import embedded_server
from graphql_app.database.engine import check_server, make_engine
from graphql_app.settings import Settings


@dataclass(frozen=True)
class DatabaseTarget:
    """A database: its URL for its owner, the PostgreSQL of our own that it is in, if it is, its URL for requests."""

    url: str
    own: embedded_server.EmbeddedServer | None = None
    requests: str = ""

    @property
    def psql(self) -> str:
        """The line that opens it in a terminal; it asks for the password, if there is one."""
        return self.own.psql if self.own else f"psql '{self.name}'"

    @property
    def data(self) -> str:
        """Where the data lie."""
        return str(self.own.data) if self.own else self.name

    @property
    def name(self) -> str:
        """The URL without the password."""
        return make_url(self.url).set(drivername="postgresql")._replace(password=None).render_as_string()


@contextmanager
def open_target(known: Settings) -> Iterator[DatabaseTarget]:
    """The given database, or a PostgreSQL of our own that ends with this block unless another process owns it."""
    if known.postgres_url:
        url = known.postgres_url.get_secret_value()
        yield DatabaseTarget(known.owner_url.get_secret_value() if known.owner_url else url, requests=url)
        return
    own = embedded_server.EmbeddedServer(settings.data_directory(known)).start()
    try:
        yield DatabaseTarget(own.url, own, own.requests_url)
    finally:
        own.stop()


@contextmanager
def temporary_database() -> Iterator[DatabaseTarget]:
    """An empty database for a moment."""
    with tempfile.TemporaryDirectory(prefix="graphql-app-") as folder:
        Path(folder).chmod(0o755)  # root lends the server another account, which must get in
        own = embedded_server.EmbeddedServer(Path(folder) / "postgres", fast=True).start()
        try:
            yield DatabaseTarget(own.url, own)
        finally:
            own.stop()


@asynccontextmanager
async def connect(place: DatabaseTarget, known: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for as long as this block lasts, on a server that was asked whether it can serve us."""
    engine = make_engine(place.url, known)
    try:
        await check_server(engine)
        yield engine
    finally:
        await engine.dispose()
