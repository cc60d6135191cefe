"""The explorer's page and files as a client of HTTP sees them, and its examples as the schema does."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import demo
from graphql_app.schema import build
from graphql_app.settings import Settings
from graphql_app.transport import graphiql
from tests.support.graphql_client import Ask
from tests.support.live_server import client_of

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
TOOLS = Path(__file__).parents[2] / "tools" / "graphiql"
FILES = sorted(path.name for path in graphiql.BUNDLE.iterdir())
CONFIG = re.compile(r'<script type="application/json" id="config">(.*?)</script>', re.DOTALL)


async def config(client: httpx.AsyncClient) -> dict[str, Any]:
    """The configuration that a browser would find in the page."""
    found = CONFIG.search((await client.get("/graphql", headers=BROWSER)).text)
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


async def test_a_browser_is_shown_the_explorer(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "accept"
    assert f'src="graphiql/{graphiql.manifest()["script"]}"' in page.text
    assert "<title>Shipments: GraphQL explorer</title>" in page.text
    assert (await client.head("/graphql", headers=BROWSER)).headers["content-length"] == page.headers["content-length"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/graphql-response+json, */*"])
async def test_a_program_is_not_shown_the_explorer(client: httpx.AsyncClient, accept: str) -> None:
    assert "json" in (await client.get("/graphql", headers={"accept": accept})).headers["content-type"]


async def test_a_browser_that_asks_a_query_gets_its_answer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", params={"query": "{ viewer { account } }"}, headers=BROWSER)
    assert answer.json() == {"data": {"viewer": {"account": "default"}}}


async def test_the_page_may_run_its_own_files_and_nothing_else(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe-eval", page.headers["content-security-policy"])
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert [("src=" in one) or ("application/json" in one) for one in scripts] == [True, True]
    worker = next(name for name in FILES if name.startswith("graphql.worker"))
    answer = await client.get(f"/graphiql/{worker}")
    assert answer.headers["content-security-policy"] == page.headers["content-security-policy"]


def test_nothing_in_the_configuration_can_end_its_script_element() -> None:
    hostile = {"title": "</script><script>alert(1)</script><!--"}
    text = graphiql.script_json(hostile)
    assert "<" not in text
    assert json.loads(text) == hostile


async def test_a_title_is_text_and_no_markup() -> None:
    page = graphiql.page(title="<b>Ware & Co</b>").body.decode()
    assert "<title>&lt;b&gt;Ware &amp; Co&lt;/b&gt;: GraphQL explorer</title>" in page


@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_what_its_type_says_and_kept_for_ever_by_its_hash(client: httpx.AsyncClient, name: str) -> None:
    plain = await client.get(f"/graphiql/{name}", headers={"accept-encoding": "identity"})
    assert plain.status_code == 200
    assert plain.content == (graphiql.BUNDLE / name).read_bytes()
    kind = {"js": "text/javascript", "css": "text/css", "txt": "text/plain"}.get(name.rpartition(".")[2])
    assert plain.headers["content-type"].startswith(kind or ("font/woff2", "application/json"))
    assert plain.headers["x-content-type-options"] == "nosniff"
    forever = plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert forever == (name not in ("manifest.json", "LICENSES.txt"))


async def test_text_is_compressed_for_who_takes_it(client: httpx.AsyncClient) -> None:
    path = f"/graphiql/{graphiql.manifest()['script']}"
    async with client.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(raw)
    plain = await client.get(path, headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_file_that_is_known_already_is_not_sent_again(client: httpx.AsyncClient, encoding: str) -> None:
    headers = {"accept-encoding": encoding}
    first = await client.get("/graphiql/LICENSES.txt", headers=headers)
    again = await client.get("/graphiql/LICENSES.txt", headers={**headers, "if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "../examples/1-late-shipments.graphql",
        "..%2fexamples/1-late-shipments.graphql",
        "%2e%2e/%2e%2e/%2e%2e/settings.py",
        "..%5c..%5csettings.py",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "manifest.json%00.js",
        "a" * 300,
        "",
        "nothing.js",
    ],
)
async def test_no_path_leads_out_of_the_bundle(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(httpx.URL("http://127.0.0.1", raw_path=f"/graphiql/{path}".encode()))
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"]


async def test_the_explorer_can_be_switched_off(engine: AsyncEngine, settings: Settings) -> None:
    async with client_of(engine, settings, explorer=False) as client:
        assert "json" in (await client.get("/graphql", headers=BROWSER)).headers["content-type"]
        assert (await client.get("/graphiql/manifest.json")).status_code == 404


def test_the_bundle_is_made_from_these_sources() -> None:
    if not TOOLS.is_dir():
        pytest.skip("the sources are not in this distribution")
    digest = hashlib.sha256()
    for name in ["build.mjs", "package-lock.json", *sorted(f"src/{path.name}" for path in (TOOLS / "src").iterdir())]:
        digest.update(f"{name}\n".encode() + (TOOLS / name).read_bytes())
    built = json.loads((graphiql.BUNDLE / "manifest.json").read_text())
    assert built["sources"] == digest.hexdigest(), "run tools/graphiql/build.sh"
    wanted = json.loads((TOOLS / "package.json").read_text())["dependencies"]
    assert wanted.items() <= built["packages"].items()
    assert '"resolved"' not in (TOOLS / "package-lock.json").read_text()


def test_the_bundle_is_small_names_its_licences_and_has_no_source_maps() -> None:
    assert sum((graphiql.BUNDLE / name).stat().st_size for name in FILES) <= 7_000_000
    assert not [name for name in FILES if name.endswith(".map")]
    licences = (graphiql.BUNDLE / "LICENSES.txt").read_text("utf-8")
    for name, version in json.loads((graphiql.BUNDLE / "manifest.json").read_text())["packages"].items():
        assert f"\n{name} {version} (" in licences


async def test_every_example_is_one_named_operation_of_the_schema(client: httpx.AsyncClient) -> None:
    core = build.build()._schema
    tabs = (await config(client))["examples"]
    names = []
    for tab in tabs:
        document = parse(tab["query"])
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert operation.name
        names.append(operation.name.value)
        assert validate(core, document) == []
        given = json.loads(tab["variables"])
        values = get_variable_values(core, operation.variable_definitions, given)
        assert not isinstance(values, list), values
        assert given.keys() == {one.variable.name.value for one in operation.variable_definitions}
        assert tab["title"]
        assert tab["about"]
    stories = ["LateShipments", "ShipmentHistory", "CreateShipment", "RecordEvent", "PageShipments", "FollowShipments"]
    assert names == stories


async def run(client: httpx.AsyncClient, ask: Ask, *titles: str) -> list[Any]:
    """What examples answer, as they are."""
    tabs = {tab["title"]: tab for tab in (await config(client))["examples"]}
    values = []
    for title in titles:
        answer = await ask(tabs[title]["query"], json.loads(tabs[title]["variables"]))
        assert "errors" not in answer, answer
        values += answer["data"].values()
    return values


async def test_the_examples_that_write_do_so_once(client: httpx.AsyncClient, ask: Ask) -> None:
    create, record = "Create a shipment", "Record a tracking event"
    created, again, recorded, twice = await run(client, ask, create, create, record, record)
    assert (created["errors"], created["shipment"]["status"]) == ([], "READY")
    assert again["meta"]["replayed"]
    assert again["shipment"]["id"] == created["shipment"]["id"]
    assert (recorded["succeeded"], recorded["results"][0]["errors"]) == (1, [])
    assert recorded["results"][0]["event"]["shipment"]["status"] == "PICKED_UP"
    assert twice["results"][0]["duplicate"]


async def test_the_examples_that_read_have_something_to_show_in_the_demonstration(
    client: httpx.AsyncClient, ask: Ask, owner: AsyncEngine
) -> None:
    await demo.fill(owner)
    late, shipment, page = await run(
        client, ask, "Late shipments", "One shipment with its history", "Page through shipments"
    )
    assert len(late["nodes"]) == 20
    assert late["nodes"][0]["promisedTo"] <= late["nodes"][19]["promisedTo"]
    assert len(shipment["packages"]) > 1
    assert len(shipment["events"]["nodes"]) > 5
    assert shipment["history"]["nodes"][0]["op"] == "shipment.created"
    assert page["pageInfo"]["hasNextPage"]
    assert len(page["edges"]) == 10
