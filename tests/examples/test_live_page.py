"""examples/live.html in a real browser: a board of shipments that updates itself."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support import browser
from tests.support.live_server import run_server
from tests.support.streaming_clients import ApiClient

if browser.PROGRAM is None:
    pytest.skip("needs Chromium: on Debian, `apt-get install chromium`", allow_module_level=True)

PAGE = Path(__file__).parents[2] / "examples" / "live.html"
CARDS = (
    "[...document.querySelectorAll('article')]"
    ".map(card => `${card.querySelector('b').innerText} ${card.dataset.status}`)"
)


async def test_the_board_updates_and_reconnects_after_its_stream_ended(engine: AsyncEngine, settings: Settings) -> None:
    with_cors = settings.model_copy(update={"cors_origins": "null"})
    app = app_module.create_app(with_cors, engine=engine, keyless=True)
    async with (
        app.router.lifespan_context(app),
        run_server(app, with_cors) as port,
        ApiClient(port) as api,
        browser.open_page(browser.Page) as page,
    ):
        first_id = await api.create()
        await page.open(f"{PAGE.as_uri()}?api=http://127.0.0.1:{port}/graphql")
        await page.wait_for_text("#state", "live")
        assert await page.evaluate(CARDS) == ["SHP-0000001 READY"]
        await api.record(first_id, "OUT_FOR_DELIVERY")
        await page.wait_for(f"{CARDS}.includes('SHP-0000001 OUT_FOR_DELIVERY')")
        assert await page.evaluate("document.querySelector('article.arrived').parentNode.innerText.startsWith('OUT')")
        app.state.subscription_broker.shut_down()  # as when the process stops
        await asyncio.sleep(0.2)
        second_id = await api.create()
        await api.record(first_id, "DELIVERED", "2026-01-04T00:00:00Z")
        await page.wait_for(f"{CARDS}.length === 2 && {CARDS}.includes('SHP-0000001 DELIVERED')")
        await api.record(second_id, "PICKED_UP")
        await page.wait_for(f"{CARDS}.includes('SHP-0000002 PICKED_UP')")
        assert page.errors == []
