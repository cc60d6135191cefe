"""examples/follow.py processes every change in order, even if it is killed and started again."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import follow
import pytest
from starlette.applications import Starlette

from graphql_app.query_engine import change_log
from graphql_app.settings import Settings
from tests.support.live_server import run_server
from tests.support.streaming_clients import ApiClient

PROGRAM = Path(follow.__file__)


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    """The port of a running server."""
    async with run_server(app, settings) as port:
        yield port


async def lines(number: int, *arguments: str) -> list[str]:
    """The next `number` lines that the program prints; then it is killed."""
    process = await asyncio.create_subprocess_exec(sys.executable, PROGRAM, *arguments, stdout=-1, stderr=-1)
    assert process.stdout
    try:
        async with asyncio.timeout(15):
            printed = [(await process.stdout.readline()).decode() for _ in range(number)]
            await asyncio.sleep(0.1)  # time to save the last cursor
    finally:
        process.kill()
        await process.wait()
    return printed


async def test_it_resumes_after_it_was_killed(port: int, tmp_path: Path) -> None:
    arguments = ("--url", f"http://127.0.0.1:{port}/graphql", "--cursor", str(tmp_path / "cursor"))
    async with ApiClient(port) as api:
        for _ in range(3):
            await api.create()
        printed = await lines(3, *arguments, "--from-the-beginning")
        shipment_id = await api.create()
        await api.record(shipment_id, "PICKED_UP")
        printed += await lines(2, *arguments)
        changes = await api.log()
    numbers = [line.split()[0] for line in printed]
    assert numbers[:4] == ["SHP-0000001", "SHP-0000002", "SHP-0000003", "SHP-0000004"]
    assert "shipment.created" in printed[0]
    assert "tracking_event.recorded" in printed[4]
    assert (tmp_path / "cursor").read_text().strip() == changes[-1]["cursor"]


async def test_it_reconnects_when_the_server_restarts(app: Starlette, settings: Settings, tmp_path: Path) -> None:
    position, received = follow.LogPosition(None), list[dict[str, Any]]()
    position.cursor = ""
    listener = None
    for _ in range(3):
        async with run_server(app, settings) as port, ApiClient(port) as api:
            await api.create()
            url = f"http://127.0.0.1:{port}/graphql"

            async def listen(url: str = url) -> None:
                async for change in follow.follow(url, follow.SHIPMENTS, position):
                    received.append(change)

            listener = asyncio.create_task(listen())
            await api.create()
            await asyncio.sleep(0.3)
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener
    positions = [change_log.decode_position(change["cursor"]) for change in received]
    assert len(set(positions)) == 6
    assert positions == sorted(positions)


async def test_an_invalid_cursor_ends_it_with_a_message(port: int, tmp_path: Path) -> None:
    (tmp_path / "cursor").write_text("bm9uZQ==\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, "--url", f"http://127.0.0.1:{port}/graphql", "--cursor", tmp_path / "cursor",
        stdout=-1, stderr=-1,
    )  # fmt: skip
    async with asyncio.timeout(10):
        _, stderr = await process.communicate()
    assert process.returncode == 1
    assert stderr.decode().startswith("Subscription rejected: The cursor is damaged")
