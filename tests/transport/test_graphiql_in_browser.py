"""The explorer as a person uses it: a real server, a real browser, keys and clicks, and what is to be seen."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.auth import authenticator
from graphql_app.cli import account_admin
from graphql_app.settings import Settings
from tests.support import browser
from tests.support.graphql_client import Ask
from tests.support.live_server import serving

if browser.PROGRAM is None:
    pytest.skip("needs Chromium: on Debian, `apt-get install chromium`", allow_module_level=True)

QUERY, ANSWER = ".graphiql-query-editor .graphiql-editor", ".graphiql-response"
SMALL_EDITOR = ".graphiql-editor-tool .graphiql-editor:not(.hidden)"
TABS = "[...document.querySelectorAll('.graphiql-tab')].map(tab => tab.innerText.trim())"
PROBLEMS = "__MONACO.editor.getModelMarkers({}).map(marker => marker.message)"
EXAMPLES = ["LateShipments", "ShipmentHistory", "CreateShipment", "RecordEvent", "PageShipments", "FollowShipments"]


class Explorer(browser.Page):
    """The page, opened on a server."""

    url: str

    async def show(self) -> None:
        """Open it, and wait until it knows the schema."""
        await self.open(self.url)
        await self.until(f"document.querySelector('{QUERY} .view-line')")
        await self.until("document.querySelector('[aria-label^=\"Re-fetch\"]:not([disabled])')")

    async def show_key(self, key: str) -> None:
        """Paste the header into its editor, which is open; again where the focus was taken elsewhere."""
        for last in (False, False, False, True):
            await self.write(SMALL_EDITOR, "")
            await self.command("Input.insertText", text=json.dumps({"Authorization": f"Bearer {key}"}))
            try:
                await self.until(f"read({json.dumps(SMALL_EDITOR)}).includes({json.dumps(key)})", 4)
                return
            except TimeoutError:
                if last:
                    raise

    async def run(self) -> None:
        """Run what stands in the editor, as slowly as a person: GraphiQL needs 0.1 s to see which operation that is."""
        await asyncio.sleep(0.3)
        await self.key(browser.CONTROL_MODIFIER, **browser.RETURN)

    async def answered(self, part: str) -> str:
        """The answer, once this is part of it."""
        return await self.reads(ANSWER, part)

    async def misbehaviour(self) -> list[str]:
        """Errors, breaches of the policy, and requests to anybody else."""
        own = urlsplit(self.url).netloc
        elsewhere = [url for url, _ in self.requests if not url.startswith("data:") and urlsplit(url).netloc != own]
        return [*self.errors, *await self.breaches(), *elsewhere]


@pytest.fixture
async def explorer(app: Starlette, settings: Settings) -> AsyncIterator[Explorer]:
    async with serving(app, settings) as port, browser.opened(Explorer) as page:
        page.url = f"http://127.0.0.1:{port}/graphql"
        await page.size(1400, 900)
        await page.show()
        yield page


async def test_a_query_is_typed_and_its_answer_is_seen(explorer: Explorer) -> None:
    await explorer.write(QUERY, "{ viewer { acc")
    assert "account" in await explorer.until("document.querySelector('.suggest-widget.visible')?.innerText")
    await explorer.write(QUERY, "{ viewer { account scopes } }")
    await explorer.run()
    assert '"account": "default"' in await explorer.answered("shipments:read")
    await explorer.until(f"{TABS}[0] === '<untitled>'")
    assert {re.sub(r"-.*", "", url.rpartition("/")[2]) for url in explorer.workers} >= {"graphql.worker", "json.worker"}
    assert await explorer.misbehaviour() == []


async def test_the_first_example_runs_as_it_is_opened(explorer: Explorer) -> None:
    assert await explorer.evaluate(TABS) == EXAMPLES
    await explorer.click(".graphiql-execute-button")
    assert '"count": 0' in await explorer.answered("totalCount")
    assert await explorer.misbehaviour() == []


async def test_a_shipment_is_created_and_moved_by_the_examples(explorer: Explorer) -> None:
    for tab, part in ((2, '"status": "READY"'), (3, '"status": "PICKED_UP"')):
        await explorer.click(f"#graphiql-session-tab-{tab}")
        await explorer.reads(QUERY, EXAMPLES[tab])
        await explorer.click(f"{QUERY} .view-lines")
        await explorer.run()
        await explorer.answered(part)
    assert await explorer.misbehaviour() == []


async def test_a_subscription_shows_what_happens_while_it_runs(
    explorer: Explorer, ask: Ask, owner: AsyncEngine
) -> None:
    key = (await account_admin.create_key(owner, "default", "browser")).text
    await explorer.click('[data-name="headers"]')
    await explorer.click("#graphiql-session-tab-5")
    await explorer.reads(QUERY, "FollowShipments")
    await explorer.show_key(key)
    await explorer.click(f"{QUERY} .view-lines")
    await explorer.run()
    await explorer.until("document.querySelector('.graphiql-execute-button[aria-label^=\"Stop\"]')")
    while len(explorer.frames) < 2:  # noqa: ASYNC110 the list is all there is
        await asyncio.sleep(0.05)
    hello, subscribe = map(json.loads, explorer.frames)
    assert (hello["type"], hello["payload"]) == ("connection_init", {"Authorization": f"Bearer {key}"})
    assert subscribe["payload"]["operationName"] == "FollowShipments"
    create = """mutation { shipmentCreate(input: {shipper: {name: "A", country: DE}}) { shipment { number } } }"""
    async with asyncio.timeout(15):
        while "shipment.created" not in await explorer.text(ANSWER):  # the first may come before the server listens
            made = await ask(create, headers={"authorization": f"Bearer {key}"})
            await asyncio.sleep(0.3)
    number = made["data"]["shipmentCreate"]["shipment"]["number"]
    await explorer.answered(f'"number": "{number}"')
    await explorer.click(".graphiql-execute-button")
    await explorer.until("document.querySelector('.graphiql-execute-button[aria-label^=\"Execute\"]')")
    assert await explorer.misbehaviour() == []


async def test_the_documentation_opens_and_leads_on(explorer: Explorer) -> None:
    await explorer.click('[aria-label="Show Documentation Explorer"]')
    await explorer.click(".graphiql-doc-explorer-content a")
    await explorer.reads(".graphiql-doc-explorer-title", "Query")
    assert "newest first unless orderBy says otherwise" in await explorer.text(".graphiql-doc-explorer-content")
    assert await explorer.misbehaviour() == []


async def test_the_query_builder_writes_what_is_ticked(explorer: Explorer) -> None:
    await explorer.click('[aria-label="New tab"]')
    await explorer.click('[aria-label="Show Query builder"]')
    await explorer.click(".graphiql-explorer-node[class*='viewer'] > span, [data-field-name='viewer'] > span")
    await explorer.click("[data-field-name='account'] > span")
    assert re.search(r"viewer \{\s*account\s*\}", await explorer.reads(QUERY, "account"))
    assert await explorer.misbehaviour() == []


async def test_the_editor_knows_which_inputs_take_one_field_only(explorer: Explorer) -> None:
    await explorer.write(QUERY, '{ shipment(by: {number: "1", id: "1"}) { id } }')
    await explorer.until(f"{PROBLEMS}.some(problem => problem.includes('exactly one key'))")
    await explorer.write(QUERY, '{ shipment(by: {number: "1"}) { id } }')
    await explorer.until(f"{PROBLEMS}.length === 0")
    await explorer.run()
    await explorer.answered('"shipment": null')


async def test_a_header_is_sent_and_never_kept(explorer: Explorer, owner: AsyncEngine) -> None:
    key = (await account_admin.create_key(owner, "default", "browser")).text
    await explorer.click('[data-name="headers"]')
    await explorer.until("document.querySelector('[data-name=\"headers\"].active')")
    await explorer.show_key(key)
    await explorer.write(QUERY, "query WhoAmI { viewer { account } }")
    await explorer.until(f"{TABS}[0] === 'WhoAmI'")
    await explorer.run()
    await explorer.answered('"account": "default"')
    sent = [headers for url, headers in explorer.requests if url == explorer.url]
    assert sent[-1]["Authorization"] == f"Bearer {key}", sent
    kept = await explorer.until("localStorage['shipments:graphiql:tabState']?.includes('WhoAmI') && {...localStorage}")
    assert "WhoAmI" in kept["shipments:graphiql:queries"]
    assert key not in json.dumps(kept)


async def test_where_a_key_is_needed_the_page_says_so_and_takes_one(
    app: Starlette, settings: Settings, owner: AsyncEngine
) -> None:
    key = (await account_admin.create_key(owner, "default", "browser")).text
    await app.state.subscription_broker.authenticator.reading(
        authenticator.NOBODY, None
    )  # it has seen that there is one
    async with serving(app, settings) as port, browser.opened(Explorer) as page:
        page.url = f"http://127.0.0.1:{port}/graphql"
        await page.size(1400, 900)
        await page.show()
        await page.reads(QUERY, "This server asks for an API key")
        await page.click('[data-name="headers"]')
        await page.until("document.querySelector('[data-name=\"headers\"].active')")
        await page.show_key(key)
        await page.click('[aria-label^="Re-fetch"]')
        await page.write(QUERY, "query WhoAmI { viewer { apiKey } }")
        await page.run()
        await page.answered('"apiKey": "browser"')


async def test_tabs_and_variables_are_there_again_after_a_reload(explorer: Explorer) -> None:
    for _ in range(2):
        before = await explorer.text(SMALL_EDITOR)
        await explorer.until("localStorage['shipments:graphiql:tabState']")
        await explorer.show()
        assert await explorer.evaluate(TABS) == EXAMPLES
        assert await explorer.text(SMALL_EDITOR) == before
    assert '"now"' in before
    assert await explorer.misbehaviour() == []


async def test_an_example_that_was_closed_can_be_brought_back(explorer: Explorer) -> None:
    await explorer.click("#graphiql-session-tab-4")
    await explorer.click('.graphiql-tab-active [aria-label="Close Tab"]')
    await explorer.until(f"{TABS}.length === 5")
    await explorer.click('[aria-label="Show Examples"]')
    await explorer.click(".examples button:nth-of-type(5)")
    await explorer.until(f"{TABS}[5] === 'PageShipments'")
    await explorer.reads(SMALL_EDITOR, '"first": 10')


@pytest.mark.parametrize("begin", ["light", "dark"])
async def test_the_colours_follow_the_system(explorer: Explorer, begin: str) -> None:
    await explorer.colours(begin)
    await explorer.show()
    pictures = []
    for scheme in (begin, "dark" if begin == "light" else "light"):
        await explorer.colours(scheme)
        await explorer.until(
            f"!!document.querySelector('{QUERY} .monaco-editor.vs-dark') === {json.dumps(scheme == 'dark')}"
        )
        painted = "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
        red, green, blue = map(int, re.findall(r"\d+", await explorer.evaluate(painted))[:3])
        assert (red + green + blue < 300) == (scheme == "dark")
        pictures.append(await explorer.picture())
    assert pictures[0] != pictures[1]
    assert await explorer.misbehaviour() == []


async def test_the_policy_lets_the_page_speak_to_its_own_host_only(explorer: Explorer) -> None:
    await explorer.evaluate("{ new WebSocket(location.href.replace('http', 'ws'), 'graphql-transport-ws') }")
    await explorer.evaluate("fetch('/livez').then(answer => answer.text())")
    assert await explorer.breaches() == []
    await explorer.evaluate("fetch('http://elsewhere.test/').catch(() => {})")
    await explorer.evaluate("{ try { new WebSocket('ws://elsewhere.test/') } catch {} }")
    await explorer.evaluate("{ document.body.append(Object.assign(document.createElement('script'), {text: 'x=1'})) }")
    await explorer.until("breaches.length === 3")
    assert [one.partition(":")[0] for one in await explorer.breaches()] == [
        "connect-src",
        "connect-src",
        "script-src-elem",
    ]
