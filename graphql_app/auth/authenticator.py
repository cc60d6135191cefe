"""Authentication: maps the headers of a request to its viewer, with a cache of the API keys in use.

One query reads all keys in use every 0.35 seconds. A cached key is trusted for less than a second, so a revoked key is
rejected within a second in every process. A key that is not cached waits for the next query, together with all others
that arrive in the meantime: whatever unknown clients send, one query runs at a time. Connections and streams that stay
open are notified when their key is revoked. The authenticator has its own database connection, so a busy pool does not
delay it.

Unknown secrets are rejected, and requests without one as soon as an API key exists. Without the database nobody is
authenticated.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope

from graphql_app.auth import api_key
from graphql_app.auth.viewer import Viewer
from graphql_app.database.engine import make_engine
from graphql_app.database.errors import is_database_failure, to_request_error
from graphql_app.errors import request_errors
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

CACHE_SECONDS = 0.8
"""A cached key is trusted this long, measured from before its query."""
REFRESH_SECONDS = 0.35
"""Interval between two queries of the keys in use."""
IN_USE_SECONDS = 60.0
"""A key is queried repeatedly this long after its last use."""
MAX_CACHED_KEYS = 10_000
"""Cached keys. The least recently used one is dropped, except keys with open connections."""
MAX_UNKNOWN_KEYS = 1_000
"""Cached hashes of unknown secrets."""
SAVE_SECONDS = 5.0
"""Interval between two updates of `last_used_at`. Each key is updated once a minute at most."""
NO_KEY = b""
"""The cache entry of requests without an API key."""

KEYS_SQL = text(
    "SELECT hash, id, name, scopes, account_id, account FROM api_keys_by_hash(:hashes) "
    "WHERE expires_at IS NULL OR expires_at > now()"
)
DEFAULT_ACCOUNT_SQL = text("SELECT id, slug, has_keys FROM default_account()")
SET_LAST_USED_SQL = text("SELECT api_keys_set_last_used(:ids, :seconds_ago)")


class CachedKey:
    """A valid API key. `read_at` and `used_at` are times of the monotonic clock."""

    __slots__ = ("minute", "on_revoked", "read_at", "used_at", "viewer")

    def __init__(self, viewer: Viewer, read_at: float) -> None:
        self.viewer = viewer
        self.read_at = read_at
        self.used_at = read_at
        self.minute = -1
        """The minute of the monotonic clock of the last use that was noted for `last_used_at`."""
        self.on_revoked: set[Callable[[], None]] = set()
        """Callbacks for when the key is revoked, has expired or was changed."""


class ApiKeyAuthenticator:
    """The API keys of one process. `run()` is its background task.

    Args:
        engine: its URL is used for a connection of its own.
        settings: settings of that connection.
        keyless: whether requests need no API key, as long as no API key exists.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, *, keyless: bool) -> None:
        url = engine.url.render_as_string(hide_password=False)
        own_settings = settings.model_copy(update={"pool_size": 1})
        self.engine = make_engine(
            url, own_settings, name="graphql-app authenticator", scoped=True, all_accounts=True, log_rejections=True
        )
        self.connect = self.engine.execution_options(isolation_level="AUTOCOMMIT").connect
        self.keyless = keyless
        self.cached: OrderedDict[bytes, CachedKey] = OrderedDict()
        """Valid keys by hash, the least recently used first."""
        self.unknown: OrderedDict[bytes, float] = OrderedDict()
        """Hashes of unknown secrets, and when they were queried."""
        self.requested: dict[bytes, str | None] = {}
        """Hashes for the next query, and the prefixes of their secrets."""
        self.current_query: asyncio.Task[None] | None = None
        self.next_query: asyncio.Task[None] | None = None
        self.last_used: dict[UUID, float] = {}
        """Times of use that are not saved yet, by key ID, on the monotonic clock."""

    async def __call__(self, scope: Scope) -> Viewer:
        """Return the viewer of an ASGI scope.

        Raises:
            Unauthenticated: the API key is missing, malformed, unknown, revoked or expired.
            Forbidden: a request without an API key does not come directly from this machine.
            RequestError: the database cannot be queried, such as ConnectionLost (503).
        """
        secret = api_key.from_headers(scope["headers"])
        if secret is None:
            if not self.keyless:
                raise request_errors.Unauthenticated
            api_key.check_host(scope["headers"])
        hash_ = NO_KEY if secret is None else api_key.digest(secret)
        entry = self.cached_key(hash_)
        if entry is None:
            if secret is not None and not api_key.has_valid_checksum(secret):
                raise request_errors.Unauthenticated(api_key.UNKNOWN_KEY)
            await asyncio.shield(self.request_query(hash_, api_key.prefix(secret)))
            entry = self.cached.get(hash_)
        if entry is None:
            raise request_errors.Unauthenticated(None if secret is None else api_key.UNKNOWN_KEY)
        self.note_use(hash_, entry)
        return entry.viewer

    def cached_key(self, hash_: bytes) -> CachedKey | None:
        """Return the cached key, or None if it must be queried.

        The cache replaces a query and its round trip by 3 µs.

        Raises:
            Unauthenticated: the secret was unknown less than CACHE_SECONDS ago.
        """
        oldest = time.monotonic() - CACHE_SECONDS
        entry = self.cached.get(hash_)
        if entry is not None:
            return entry if entry.read_at >= oldest else None
        if self.unknown.get(hash_, oldest - 1) >= oldest:
            raise request_errors.Unauthenticated(api_key.UNKNOWN_KEY)
        return None

    def note_use(self, hash_: bytes, entry: CachedKey) -> None:
        """Note that a key was used: in the cache, and once a minute in `last_used` for the database."""
        entry.used_at = time.monotonic()
        self.cached.move_to_end(hash_)
        minute = int(entry.used_at) // 60
        if minute != entry.minute and entry.viewer.key_id is not None:
            entry.minute = minute
            self.last_used[entry.viewer.key_id] = entry.used_at

    @contextmanager
    def on_revoked(self, viewer: Viewer, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` when the viewer's key is revoked, expires or changes inside the block, or has already."""
        entry = self.cached.get(viewer.hash)
        if entry is None or entry.viewer != viewer:
            callback()
            yield
            return
        entry.on_revoked.add(callback)
        try:
            yield
        finally:
            entry.on_revoked.discard(callback)

    def request_query(self, hash_: bytes, prefix: str | None) -> "asyncio.Task[None]":
        """Add a key to the next query and return that query's task."""
        self.requested[hash_] = prefix
        if self.next_query is None:
            self.next_query = asyncio.create_task(self.run_query(self.current_query))
            # retrieve the exception, also if nobody waits for the task
            self.next_query.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self.next_query

    async def run_query(self, previous: "asyncio.Task[None] | None") -> None:
        """Query the requested keys after the previous query has ended; once more if the connection was lost.

        Raises:
            RequestError: the database cannot be queried.
        """
        if previous is not None:
            await asyncio.wait([previous])
        self.current_query, self.next_query = self.next_query, None
        hashes, self.requested = self.requested, {}
        for is_last in (False, True):
            try:
                return await self.query(hashes)
            except Exception as error:
                request_error = to_request_error(error)
                if request_error is None:
                    raise
                if is_last or not isinstance(request_error, request_errors.ConnectionLost):
                    raise request_error from error

    async def query(self, hashes: Mapping[bytes, str | None]) -> None:
        """Query keys and update the cache.

        Args:
            hashes: hash → prefix of the secret.
        """
        read_at = time.monotonic()
        viewers = dict[bytes, Viewer]()
        async with self.connect() as connection:
            if NO_KEY in hashes and self.keyless:
                account = (await connection.execute(DEFAULT_ACCOUNT_SQL)).one()
                self.keyless = not account.has_keys  # stays False, also when all keys are revoked later
                if self.keyless:
                    viewers[NO_KEY] = Viewer(account.id, account.slug)
            if key_hashes := [hash_ for hash_ in hashes if hash_]:
                rows: Sequence[Row[Any]] = (await connection.execute(KEYS_SQL, {"hashes": key_hashes})).all()
                viewers |= {row.hash: viewer_from_row(row, hashes[row.hash]) for row in rows}
        for hash_ in hashes:
            self.update(hash_, viewers.get(hash_), read_at)

    def update(self, hash_: bytes, viewer: Viewer | None, read_at: float) -> None:
        """Update the cache entry of a key; `viewer` is None if the key is not valid."""
        entry = self.cached.get(hash_)
        if entry is not None and entry.viewer == viewer:
            entry.read_at = read_at
            return
        if entry is not None:
            del self.cached[hash_]
            for callback in tuple(entry.on_revoked):
                callback()
        if viewer is None:
            self.unknown[hash_] = read_at
            self.unknown.move_to_end(hash_)
            if len(self.unknown) > MAX_UNKNOWN_KEYS:
                self.unknown.popitem(last=False)
            return
        self.unknown.pop(hash_, None)
        self.cached[hash_] = CachedKey(viewer, read_at)
        if len(self.cached) > MAX_CACHED_KEYS:
            oldest = next((other for other, cached_key in self.cached.items() if not cached_key.on_revoked), hash_)
            if oldest != hash_:
                del self.cached[oldest]

    async def run(self) -> None:
        """Refresh the keys in use, drop the others, and save when keys were used; forever."""
        saved_at, is_available = time.monotonic(), True
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            now = time.monotonic()
            for hash_, entry in tuple(self.cached.items()):
                if entry.on_revoked or entry.used_at > now - IN_USE_SECONDS:
                    self.request_query(hash_, entry.viewer.prefix)
                elif entry.read_at < now - CACHE_SECONDS:
                    del self.cached[hash_]
            try:
                if self.next_query is not None:
                    await asyncio.shield(self.next_query)
                if self.last_used and now > saved_at + SAVE_SECONDS:
                    saved_at = now
                    await self.save_last_used()
                is_available = True
            except Exception as error:  # an exception would end the task unnoticed
                if not isinstance(error, request_errors.RequestError) and not is_database_failure(error):
                    logger.exception("The refresh of API keys failed.")
                    continue
                if is_available:
                    logger.warning("API keys cannot be read or updated: %s", type(error).__name__)
                is_available = False

    async def save_last_used(self) -> None:
        """Save when keys were last used. The database's clock gives the time, this process the seconds since then."""
        last_used, self.last_used = dict(sorted(self.last_used.items())), {}
        now = time.monotonic()
        parameters = {"ids": list(last_used), "seconds_ago": [now - used_at for used_at in last_used.values()]}
        try:
            async with self.connect() as connection:
                await connection.execute(SET_LAST_USED_SQL, parameters)
        except BaseException:
            self.last_used = last_used | self.last_used
            raise

    async def close(self) -> None:
        """Save when keys were last used, wait for running queries and close the connection."""
        try:
            if self.last_used:
                await self.save_last_used()
        except Exception as error:
            if not is_database_failure(error):
                raise
            logger.warning("The last use of API keys was not saved: %s", type(error).__name__)
        if queries := [task for task in (self.current_query, self.next_query) if task is not None]:
            await asyncio.wait(queries)
        await self.engine.dispose()


def viewer_from_row(row: Row[Any], prefix: str | None) -> Viewer:
    """Return the viewer of a row of KEYS_SQL."""
    return Viewer(row.account_id, row.account, row.name, tuple(row.scopes), prefix, row.id, row.hash)
