"""The database that a command uses: the one at POSTGRES_URL, the embedded PostgreSQL, or a temporary one."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.database import embedded_server
from graphql_app.database.engine import check_server, make_engine
from graphql_app.settings import Settings


@dataclass(frozen=True)
class DatabaseTarget:
    """A database, and the URLs to connect to it."""

    url: str
    """URL for the owner of the tables."""
    embedded: embedded_server.EmbeddedServer | None = None
    """The embedded server, if the database is in one."""
    requests_url: str = ""
    """URL for requests."""

    @property
    def psql(self) -> str:
        """Shell command that opens the database in psql, which asks for the password if there is one."""
        return self.embedded.psql if self.embedded else f"psql '{self.display_url}'"

    @property
    def data_location(self) -> str:
        """Location of the data: the directory of the embedded server, or the URL without its password."""
        return str(self.embedded.data) if self.embedded else self.display_url

    @property
    def display_url(self) -> str:
        """URL without its password."""
        return make_url(self.url).set(drivername="postgresql")._replace(password=None).render_as_string()


@contextmanager
def open_target(settings: Settings) -> Iterator[DatabaseTarget]:
    """Yield the database at POSTGRES_URL, or else the embedded PostgreSQL, which this function starts.

    The embedded server stops at the end of the block, unless another process owns it.
    """
    if settings.postgres_url:
        url = settings.postgres_url.get_secret_value()
        yield DatabaseTarget(settings.owner_url.get_secret_value() if settings.owner_url else url, requests_url=url)
        return
    server = embedded_server.EmbeddedServer(settings_module.data_directory(settings)).start()
    try:
        yield DatabaseTarget(server.url, server, server.requests_url)
    finally:
        server.stop()


@contextmanager
def temporary_database() -> Iterator[DatabaseTarget]:
    """Yield an empty database that is deleted at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="graphql-app-") as directory:
        Path(directory).chmod(0o755)  # run by root, the server runs as another user, which must be able to enter
        server = embedded_server.EmbeddedServer(Path(directory) / "postgres", fast=True).start()
        try:
            yield DatabaseTarget(server.url, server)
        finally:
            server.stop()


@asynccontextmanager
async def connect(target: DatabaseTarget, settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Yield an engine on the database, after `check_server`. It is disposed of at the end of the block."""
    engine = make_engine(target.url, settings)
    try:
        await check_server(engine)
        yield engine
    finally:
        await engine.dispose()
