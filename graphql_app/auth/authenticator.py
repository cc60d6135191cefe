"""The keys in use, as the database has had them within the last second: a request's headers → its viewer.

One statement reads all keys that are in use, again and again, and what it read is taken for true for less than a
second: that is how long a key lives on that was revoked, in every process. A key that was not in use waits for the next
reading, with all others that came meanwhile: whatever strangers show, there is one statement at a time. Who stays, a
socket or a stream, is told when its key has gone. The connection is the keyring's own, so a busy pool delays nobody
here. Refuses: secrets that are not known; requests without one, once a key was made. Without the database nobody is
let in.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope

from graphql_app.auth import api_key
from graphql_app.auth.viewer import Viewer
from graphql_app.database.engine import make_engine
from graphql_app.database.errors import to_request_error
from graphql_app.errors import request_errors
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

CACHE_SECONDS, REFRESH_SECONDS = 0.8, 0.35
"""Seconds for which what was read counts, from before the question on; seconds between two readings of what is used."""
IN_USE = 60.0
"""Seconds since its last use for which a key is read again and again."""
MOST_KEPT, MOST_REFUSED = 10_000, 1_000
NOTED = 5.0
"""Seconds between two writes of when keys were last used: each key is in one of them once a minute, at most."""
NOBODY = b""
"""Stands for a secret where none is needed."""

AWAY = (SQLAlchemyError, OSError, TimeoutError)

READ = text(
    "SELECT hash, id, name, scopes, account_id, account FROM api_keys_by_hash(:hashes) "
    "WHERE expires_at IS NULL OR expires_at > now()"
)
DEFAULT = text("SELECT id, slug, has_keys FROM default_account()")
USED = text("SELECT api_keys_set_last_used(:ids, :moments)")


class CachedKey:
    """A key that was found."""

    __slots__ = ("minute", "read_at", "told", "used_at", "viewer")

    def __init__(self, viewer: Viewer, read_at: float) -> None:
        self.viewer, self.read_at, self.used_at, self.minute = viewer, read_at, read_at, 0
        self.told: set[Callable[[], None]] = set()
        """Whom to call when it has gone."""


class ApiKeyAuthenticator:
    """The keys of one process. `keyless`: whether requests need none, as long as no key was made at all."""

    def __init__(self, engine: AsyncEngine, settings: Settings, *, keyless: bool) -> None:
        url, one = engine.url.render_as_string(hide_password=False), settings.model_copy(update={"pool_size": 1})
        self.engine = make_engine(url, one, name="graphql-app keys", scoped=True)
        self.connect = self.engine.execution_options(isolation_level="AUTOCOMMIT").connect
        self.keyless = keyless
        self.known: OrderedDict[bytes, CachedKey] = OrderedDict()
        self.refused: OrderedDict[bytes, float] = OrderedDict()
        self.wanted: dict[bytes, str | None] = {}
        """Hashes, and the beginnings of the secrets that they are of."""
        self.current: asyncio.Task[None] | None = None
        self.next: asyncio.Task[None] | None = None
        self.used: dict[UUID, datetime] = {}

    async def __call__(self, scope: Scope) -> Viewer:
        """Who is asking. Raises Unauthenticated, NotAllowed, and whatever keeps the database from saying."""
        secret = api_key.from_headers(scope["headers"])
        if secret is None:
            if not self.keyless:
                raise request_errors.Unauthenticated
            api_key.check_host(scope["headers"])
        hash_ = NOBODY if secret is None else api_key.digest(secret)
        entry = self.fresh(hash_)
        if entry is None:
            if secret is not None and not api_key.has_valid_checksum(secret):
                raise request_errors.Unauthenticated(api_key.UNKNOWN_KEY)
            await asyncio.shield(self.reading(hash_, api_key.prefix(secret)))
            entry = self.known.get(hash_)
        if entry is None:
            raise request_errors.Unauthenticated(None if secret is None else api_key.UNKNOWN_KEY)
        self.use(hash_, entry)
        return entry.viewer

    def fresh(self, hash_: bytes) -> CachedKey | None:
        """What is known well enough; None: it must be read. Raises Unauthenticated."""
        since = time.monotonic() - CACHE_SECONDS
        entry = self.known.get(hash_)
        if entry is not None:
            return entry if entry.read_at >= since else None
        if self.refused.get(hash_, since - 1) >= since:
            raise request_errors.Unauthenticated(api_key.UNKNOWN_KEY)
        return None

    def use(self, hash_: bytes, entry: CachedKey) -> None:
        entry.used_at = time.monotonic()
        self.known.move_to_end(hash_)
        minute = int(time.time()) // 60
        if minute != entry.minute and entry.viewer.key_id is not None:
            entry.minute = minute
            self.used[entry.viewer.key_id] = datetime.fromtimestamp(minute * 60, UTC)

    @contextmanager
    def on_revoked(self, viewer: Viewer, told: Callable[[], None]) -> Iterator[None]:
        """While inside, `told` is called when the viewer may be here no longer."""
        entry = self.known.get(viewer.hash)
        if entry is None or entry.viewer != viewer:
            told()
            yield
            return
        entry.told.add(told)
        try:
            yield
        finally:
            entry.told.discard(told)

    def reading(self, hash_: bytes, prefix: str | None) -> "asyncio.Task[None]":
        """The next reading, which will know about this key."""
        self.wanted[hash_] = prefix
        if self.next is None:
            self.next = asyncio.create_task(self.read(self.current))
            self.next.add_done_callback(lambda task: task.cancelled() or task.exception())  # perhaps nobody waits
        return self.next

    async def read(self, before: "asyncio.Task[None] | None") -> None:
        """Read what is wanted, once the reading before this one has ended."""
        if before is not None:
            await asyncio.wait([before])
        self.current, self.next = self.next, None
        hashes, self.wanted = self.wanted, {}
        for last in (False, True):  # where a connection was lost, the next one may do
            try:
                return await self.ask(hashes)
            except Exception as error:
                known = to_request_error(error)
                if known is None:
                    raise
                if last or not isinstance(known, request_errors.ConnectionLost):
                    raise known from error

    async def ask(self, hashes: Mapping[bytes, str | None]) -> None:
        began, found = time.monotonic(), dict[bytes, Viewer]()
        async with self.connect() as connection:
            if NOBODY in hashes and self.keyless:
                account = (await connection.execute(DEFAULT)).one()
                self.keyless = not account.has_keys  # for good: it does not come back when all keys are revoked
                if self.keyless:
                    found[NOBODY] = Viewer(account.id, account.slug)
            if secret := [hash_ for hash_ in hashes if hash_]:
                rows: Sequence[Row[Any]] = (await connection.execute(READ, {"hashes": secret})).all()
                found |= {row.hash: viewer_from_row(row, hashes[row.hash]) for row in rows}
        for hash_ in hashes:
            self.learn(hash_, found.get(hash_), began)

    def learn(self, hash_: bytes, viewer: Viewer | None, began: float) -> None:
        """Take in what was read of a key, None where there is none."""
        entry = self.known.get(hash_)
        if entry is not None and entry.viewer == viewer:
            entry.read_at = began
            return
        if entry is not None:
            del self.known[hash_]
            for told in tuple(entry.told):
                told()
        if viewer is None:
            self.refused[hash_] = began
            self.refused.move_to_end(hash_)
            if len(self.refused) > MOST_REFUSED:
                self.refused.popitem(last=False)
            return
        self.refused.pop(hash_, None)
        self.known[hash_] = CachedKey(viewer, began)
        if len(self.known) > MOST_KEPT:
            oldest = next((one for one, other in self.known.items() if not other.told), hash_)
            if oldest != hash_:
                del self.known[oldest]

    async def run(self) -> None:
        """Keep what is in use fresh, forget what is not, and write down what was used, for good."""
        noted, well = time.monotonic(), True
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            now = time.monotonic()
            for hash_, entry in tuple(self.known.items()):
                if entry.told or entry.used_at > now - IN_USE:
                    self.reading(hash_, entry.viewer.prefix)
                elif entry.read_at < now - CACHE_SECONDS:
                    del self.known[hash_]
            try:
                if self.next is not None:
                    await asyncio.shield(self.next)
                if self.used and now > noted + NOTED:
                    noted = now
                    await self.save_last_used()
                well = True
            except (request_errors.RequestError, *AWAY) as error:
                if well:
                    logger.warning("API keys can be neither read nor noted: %s", type(error).__name__)
                well = False
            except Exception:  # nobody would notice a keyring that has ended
                logger.exception("The keyring broke.")

    async def save_last_used(self) -> None:
        """Write down when keys were last used."""
        used, self.used = dict(sorted(self.used.items())), {}
        try:
            async with self.connect() as connection:
                await connection.execute(USED, {"ids": list(used), "moments": list(used.values())})
        except BaseException:
            self.used = used | self.used
            raise

    async def close(self) -> None:
        """The process ends."""
        try:
            if self.used:
                await self.save_last_used()
        except AWAY as error:
            logger.warning("When API keys were last used was not written down: %s", type(error).__name__)
        if left := [task for task in (self.current, self.next) if task is not None]:
            await asyncio.wait(left)
        await self.engine.dispose()


def viewer_from_row(row: Row[Any], prefix: str | None) -> Viewer:
    """The viewer that a key stands for."""
    return Viewer(row.account_id, row.account, row.name, tuple(row.scopes), prefix, row.id, row.hash)
