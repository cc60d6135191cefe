"""The connection of the change notifier ends after each message of the server, in every way in which connections end.

Each time the notifier connects again and delivers what was committed meanwhile, and the log has one line about it.
"""

import asyncio
import logging
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import change_notifier
from graphql_app.database.change_notifier import BEGINNING, ChangeNotifier, LogHead
from graphql_app.database.engine import make_engine
from graphql_app.settings import Settings
from tests.support.mutation_client import MutationClient
from tests.support.postgres_proxy import ENDINGS, postgres_proxy

MESSAGES_OF_A_POLL = 8
"""The messages of the server for one poll and one notification, after the connection is open."""


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_lost_connection_of_the_notifier_is_one_line_of_the_log(
    settings: Settings, engine: AsyncEngine, account: UUID, mutations: MutationClient, server_folder: object,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ending: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(change_notifier, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(change_notifier, "MAX_RECONNECT_SECONDS", 0.01)
    heads: list[LogHead] = []
    async with postgres_proxy(settings, server_folder) as proxy:  # type: ignore[arg-type]
        behind_proxy = make_engine(proxy.url(settings), settings)
        notifier = ChangeNotifier(behind_proxy, settings)
        notifier.subscribe(account, LogHead(0, BEGINNING), heads.append)
        task = asyncio.create_task(notifier.run())
        try:
            for message in range(MESSAGES_OF_A_POLL):
                await mutations.create()
                await wait_for_head(heads)
                caplog.clear()
                proxy.was_cut.clear()
                proxy.cut = ending, message
                notifier.notify_commit()
                async with asyncio.timeout(5):
                    await proxy.was_cut.wait()
                await mutations.create()
                await wait_for_head(heads)
                records = [record for record in caplog.records if record.levelno >= logging.WARNING]
                assert [record.getMessage().partition(":")[0] for record in records] == [
                    "The change notifier lost its connection"
                ], caplog.text
                assert records[0].exc_info is None
                assert "\n" not in records[0].getMessage()
        finally:
            task.cancel()
            await behind_proxy.dispose()


async def wait_for_head(heads: list[LogHead]) -> None:
    """Wait until the notifier has delivered a new head."""
    async with asyncio.timeout(5):
        while not heads:  # noqa: ASYNC110 the callback is synchronous
            await asyncio.sleep(0.01)
    heads.clear()
