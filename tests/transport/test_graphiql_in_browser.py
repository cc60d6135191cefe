"""GraphiQL in a real browser against a real server: keyboard, mouse, and what the page shows."""

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
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server

if browser.PROGRAM is None:
    pytest.skip("requires Chromium (on Debian: `apt-get install chromium`)", allow_module_level=True)

QUERY = ".graphiql-query-editor .graphiql-editor"
RESPONSE = ".graphiql-response"
SMALL_EDITOR = ".graphiql-editor-tool .graphiql-editor:not(.hidden)"
TABS = "[...document.querySelectorAll('.graphiql-tab')].map(tab => tab.innerText.trim())"
PROBLEMS = "__MONACO.editor.getModelMarkers({}).map(marker => marker.message)"
EXAMPLES = [
    "LateShipments", "ShipmentHistory", "CreateShipment", "RecordEvent", "PageShipments", "FollowShipments",
    "ThisWeekByStatus", "OnTimeRate", "SlowestLanes",
]  # fmt: skip


class GraphiqlPage(browser.Page):
    """The GraphiQL page of a server."""

    url: str

    async def show(self) -> None:
        """Open the page and wait until it has loaded the schema."""
        await self.open(self.url)
        await self.wait_for(f"document.querySelector('{QUERY} .view-line')")
        await self.wait_for("document.querySelector('[aria-label^=\"Re-fetch\"]:not([disabled])')")

    async def enter_key(self, key: str) -> None:
        """Paste the header into the open headers editor; repeated if the editor lost the focus."""
        for is_last_attempt in (False, False, False, True):
            await self.write(SMALL_EDITOR, "")
            await self.command("Input.insertText", text=json.dumps({"Authorization": f"Bearer {key}"}))
            try:
                await self.wait_for(f"read({json.dumps(SMALL_EDITOR)}).includes({json.dumps(key)})", 4)
                return
            except TimeoutError:
                if is_last_attempt:
                    raise

    async def run(self) -> None:
        """Run the operation in the editor after a pause: GraphiQL takes 0.1 s to notice which operation it contains."""
        await asyncio.sleep(0.3)
        await self.key(browser.CONTROL_MODIFIER, **browser.ENTER_KEY)

    async def response_with(self, part: str) -> str:
        """Wait for a response that contains `part`, and return it."""
        return await self.wait_for_text(RESPONSE, part)

    async def violations(self) -> list[str]:
        """Errors, violations of the Content-Security-Policy, and requests to other hosts."""
        own_host = urlsplit(self.url).netloc
        other_hosts = [
            url for url, _ in self.requests if not url.startswith("data:") and urlsplit(url).netloc != own_host
        ]
        return [*self.errors, *await self.csp_violations(), *other_hosts]


@pytest.fixture
async def graphiql_page(app: Starlette, settings: Settings) -> AsyncIterator[GraphiqlPage]:
    async with run_server(app, settings) as port, browser.open_page(GraphiqlPage) as page:
        page.url = f"http://127.0.0.1:{port}/graphql"
        await page.set_viewport(1400, 900)
        await page.show()
        yield page


async def test_a_query_is_completed_and_executed(graphiql_page: GraphiqlPage) -> None:
    await graphiql_page.write(QUERY, "{ viewer { acc")
    assert "account" in await graphiql_page.wait_for("document.querySelector('.suggest-widget.visible')?.innerText")
    await graphiql_page.write(QUERY, "{ viewer { account scopes } }")
    await graphiql_page.run()
    assert '"account": "default"' in await graphiql_page.response_with("shipments:read")
    await graphiql_page.wait_for(f"{TABS}[0] === '<untitled>'")
    assert {re.sub(r"-.*", "", url.rpartition("/")[2]) for url in graphiql_page.workers} >= {
        "graphql.worker",
        "json.worker",
    }
    assert await graphiql_page.violations() == []


async def test_the_first_example_runs_unchanged(graphiql_page: GraphiqlPage) -> None:
    assert await graphiql_page.evaluate(TABS) == EXAMPLES
    await graphiql_page.click(".graphiql-execute-button")
    assert '"count": 0' in await graphiql_page.response_with("totalCount")
    assert await graphiql_page.violations() == []


async def test_the_examples_create_a_shipment_and_record_an_event(graphiql_page: GraphiqlPage) -> None:
    for tab, part in ((2, '"status": "READY"'), (3, '"status": "PICKED_UP"')):
        await graphiql_page.click(f"#graphiql-session-tab-{tab}")
        await graphiql_page.wait_for_text(QUERY, EXAMPLES[tab])
        await graphiql_page.click(f"{QUERY} .view-lines")
        await graphiql_page.run()
        await graphiql_page.response_with(part)
    assert await graphiql_page.violations() == []


async def test_a_subscription_shows_changes_while_it_runs(
    graphiql_page: GraphiqlPage, execute: Execute, owner: AsyncEngine
) -> None:
    key = (await account_admin.create_key(owner, "default", "browser")).text
    await graphiql_page.click('[data-name="headers"]')
    await graphiql_page.click("#graphiql-session-tab-5")
    await graphiql_page.wait_for_text(QUERY, "FollowShipments")
    await graphiql_page.enter_key(key)
    await graphiql_page.click(f"{QUERY} .view-lines")
    await graphiql_page.run()
    await graphiql_page.wait_for("document.querySelector('.graphiql-execute-button[aria-label^=\"Stop\"]')")
    while len(graphiql_page.frames) < 2:  # noqa: ASYNC110 the list has no event to wait for
        await asyncio.sleep(0.05)
    init, subscribe = map(json.loads, graphiql_page.frames)
    assert (init["type"], init["payload"]) == ("connection_init", {"Authorization": f"Bearer {key}"})
    assert subscribe["payload"]["operationName"] == "FollowShipments"
    create = """mutation { shipmentCreate(input: {shipper: {name: "A", country: DE}}) { shipment { number } } }"""
    async with asyncio.timeout(15):
        while "shipment.created" not in await graphiql_page.text(
            RESPONSE
        ):  # the first change may precede the subscription
            created = await execute(create, headers={"authorization": f"Bearer {key}"})
            await asyncio.sleep(0.3)
    number = created["data"]["shipmentCreate"]["shipment"]["number"]
    await graphiql_page.response_with(f'"number": "{number}"')
    await graphiql_page.click(".graphiql-execute-button")
    await graphiql_page.wait_for("document.querySelector('.graphiql-execute-button[aria-label^=\"Execute\"]')")
    assert await graphiql_page.violations() == []


async def test_the_documentation_opens_and_follows_links(graphiql_page: GraphiqlPage) -> None:
    await graphiql_page.click('[aria-label="Show Documentation Explorer"]')
    await graphiql_page.click(".graphiql-doc-explorer-content a")
    await graphiql_page.wait_for_text(".graphiql-doc-explorer-title", "Query")
    assert "newest first unless orderBy is given" in await graphiql_page.text(".graphiql-doc-explorer-content")
    assert await graphiql_page.violations() == []


async def test_the_query_builder_inserts_the_selected_fields(graphiql_page: GraphiqlPage) -> None:
    await graphiql_page.click('[aria-label="New tab"]')
    await graphiql_page.click('[aria-label="Show Query builder"]')
    await graphiql_page.click(".graphiql-explorer-node[class*='viewer'] > span, [data-field-name='viewer'] > span")
    await graphiql_page.click("[data-field-name='account'] > span")
    assert re.search(r"viewer \{\s*account\s*\}", await graphiql_page.wait_for_text(QUERY, "account"))
    assert await graphiql_page.violations() == []


async def test_the_editor_validates_oneof_inputs(graphiql_page: GraphiqlPage) -> None:
    await graphiql_page.write(QUERY, '{ shipment(by: {number: "1", id: "1"}) { id } }')
    await graphiql_page.wait_for(f"{PROBLEMS}.some(problem => problem.includes('exactly one key'))")
    await graphiql_page.write(QUERY, '{ shipment(by: {number: "1"}) { id } }')
    await graphiql_page.wait_for(f"{PROBLEMS}.length === 0")
    await graphiql_page.run()
    await graphiql_page.response_with('"shipment": null')


async def test_a_header_is_sent_but_not_stored(graphiql_page: GraphiqlPage, owner: AsyncEngine) -> None:
    key = (await account_admin.create_key(owner, "default", "browser")).text
    await graphiql_page.click('[data-name="headers"]')
    await graphiql_page.wait_for("document.querySelector('[data-name=\"headers\"].active')")
    await graphiql_page.enter_key(key)
    await graphiql_page.write(QUERY, "query WhoAmI { viewer { account } }")
    await graphiql_page.wait_for(f"{TABS}[0] === 'WhoAmI'")
    await graphiql_page.run()
    await graphiql_page.response_with('"account": "default"')
    sent = [headers for url, headers in graphiql_page.requests if url == graphiql_page.url]
    assert sent[-1]["Authorization"] == f"Bearer {key}", sent
    stored = await graphiql_page.wait_for(
        "localStorage['shipments:graphiql:tabState']?.includes('WhoAmI') && {...localStorage}"
    )
    assert "WhoAmI" in stored["shipments:graphiql:queries"]
    assert key not in json.dumps(stored)


async def test_the_page_explains_how_to_send_a_required_key(
    app: Starlette, settings: Settings, owner: AsyncEngine
) -> None:
    key = (await account_admin.create_key(owner, "default", "browser")).text
    await app.state.subscription_broker.authenticator.request_query(
        authenticator.NO_KEY, None
    )  # the server now knows that a key exists
    async with run_server(app, settings) as port, browser.open_page(GraphiqlPage) as page:
        page.url = f"http://127.0.0.1:{port}/graphql"
        await page.set_viewport(1400, 900)
        await page.show()
        await page.wait_for_text(QUERY, "This server requires an API key")
        await page.click('[data-name="headers"]')
        await page.wait_for("document.querySelector('[data-name=\"headers\"].active')")
        await page.enter_key(key)
        await page.click('[aria-label^="Re-fetch"]')
        await page.write(QUERY, "query WhoAmI { viewer { apiKey } }")
        await page.run()
        await page.response_with('"apiKey": "browser"')


async def test_tabs_and_variables_are_restored_after_a_reload(graphiql_page: GraphiqlPage) -> None:
    for _ in range(2):
        before = await graphiql_page.text(SMALL_EDITOR)
        await graphiql_page.wait_for("localStorage['shipments:graphiql:tabState']")
        await graphiql_page.show()
        assert await graphiql_page.evaluate(TABS) == EXAMPLES
        assert await graphiql_page.text(SMALL_EDITOR) == before
    assert '"now"' in before
    assert await graphiql_page.violations() == []


async def test_a_closed_example_can_be_opened_again(graphiql_page: GraphiqlPage) -> None:
    await graphiql_page.click("#graphiql-session-tab-4")
    await graphiql_page.click('.graphiql-tab-active [aria-label="Close Tab"]')
    await graphiql_page.wait_for(f"{TABS}.length === {len(EXAMPLES) - 1}")
    await graphiql_page.click('[aria-label="Show Examples"]')
    await graphiql_page.click(".examples button:nth-of-type(5)")
    await graphiql_page.wait_for(f"{TABS}[{len(EXAMPLES) - 1}] === 'PageShipments'")
    await graphiql_page.wait_for_text(SMALL_EDITOR, '"first": 10')


@pytest.mark.parametrize("initial", ["light", "dark"])
async def test_the_colours_follow_the_system_setting(graphiql_page: GraphiqlPage, initial: str) -> None:
    await graphiql_page.set_color_scheme(initial)
    await graphiql_page.show()
    screenshots = []
    for scheme in (initial, "dark" if initial == "light" else "light"):
        await graphiql_page.set_color_scheme(scheme)
        await graphiql_page.wait_for(
            f"!!document.querySelector('{QUERY} .monaco-editor.vs-dark') === {json.dumps(scheme == 'dark')}"
        )
        background = "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
        red, green, blue = map(int, re.findall(r"\d+", await graphiql_page.evaluate(background))[:3])
        assert (red + green + blue < 300) == (scheme == "dark")
        screenshots.append(await graphiql_page.screenshot())
    assert screenshots[0] != screenshots[1]
    assert await graphiql_page.violations() == []


async def test_the_content_security_policy_blocks_other_hosts(graphiql_page: GraphiqlPage) -> None:
    await graphiql_page.evaluate("{ new WebSocket(location.href.replace('http', 'ws'), 'graphql-transport-ws') }")
    await graphiql_page.evaluate("fetch('/livez').then(response => response.text())")
    assert await graphiql_page.csp_violations() == []
    await graphiql_page.evaluate("fetch('http://elsewhere.test/').catch(() => {})")
    await graphiql_page.evaluate("{ try { new WebSocket('ws://elsewhere.test/') } catch {} }")
    await graphiql_page.evaluate(
        "{ document.body.append(Object.assign(document.createElement('script'), {text: 'x=1'})) }"
    )
    await graphiql_page.wait_for("breaches.length === 3")
    assert [violation.partition(":")[0] for violation in await graphiql_page.csp_violations()] == [
        "connect-src",
        "connect-src",
        "script-src-elem",
    ]
