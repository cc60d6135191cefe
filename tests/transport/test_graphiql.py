"""GraphiQL: the HTTP responses for its page and files, and its examples against the schema."""

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
from tests.support.graphql_client import Execute
from tests.support.live_server import client_with_settings

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
TOOLS = Path(__file__).parents[2] / "tools" / "graphiql"
FILES = sorted(path.name for path in graphiql.BUNDLE.iterdir())
CONFIG = re.compile(r'<script type="application/json" id="config">(.*?)</script>', re.DOTALL)


async def config(client: httpx.AsyncClient) -> dict[str, Any]:
    """The configuration in the page that a browser gets."""
    match = CONFIG.search((await client.get("/graphql", headers=BROWSER)).text)
    assert match
    parsed: dict[str, Any] = json.loads(match[1])
    return parsed


async def test_a_browser_gets_graphiql(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "accept"
    assert f'src="graphiql/{graphiql.manifest()["script"]}"' in page.text
    assert "<title>Shipments: GraphiQL</title>" in page.text
    assert (await client.head("/graphql", headers=BROWSER)).headers["content-length"] == page.headers["content-length"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/graphql-response+json, */*"])
async def test_other_clients_get_json(client: httpx.AsyncClient, accept: str) -> None:
    assert "json" in (await client.get("/graphql", headers={"accept": accept})).headers["content-type"]


async def test_a_browser_that_sends_a_query_gets_its_result(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "{ viewer { account } }"}, headers=BROWSER)
    assert response.json() == {"data": {"viewer": {"account": "default"}}}


async def test_the_content_security_policy_allows_only_files_of_the_server(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe-eval", page.headers["content-security-policy"])
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert [("src=" in script) or ("application/json" in script) for script in scripts] == [True, True]
    worker = next(name for name in FILES if name.startswith("graphql.worker"))
    response = await client.get(f"/graphiql/{worker}")
    assert response.headers["content-security-policy"] == page.headers["content-security-policy"]


def test_no_value_in_the_configuration_can_close_its_script_element() -> None:
    hostile = {"title": "</script><script>alert(1)</script><!--"}
    text = graphiql.script_json(hostile)
    assert "<" not in text
    assert json.loads(text) == hostile


async def test_the_title_is_escaped() -> None:
    page = graphiql.page(title="<b>Ware & Co</b>").body.decode()
    assert "<title>&lt;b&gt;Ware &amp; Co&lt;/b&gt;: GraphiQL</title>" in page


@pytest.mark.parametrize("name", FILES)
async def test_a_file_has_its_media_type_and_is_cached_if_its_name_has_a_hash(
    client: httpx.AsyncClient, name: str
) -> None:
    plain = await client.get(f"/graphiql/{name}", headers={"accept-encoding": "identity"})
    assert plain.status_code == 200
    assert plain.content == (graphiql.BUNDLE / name).read_bytes()
    media_type = {"js": "text/javascript", "css": "text/css", "txt": "text/plain"}.get(name.rpartition(".")[2])
    assert plain.headers["content-type"].startswith(media_type or ("font/woff2", "application/json"))
    assert plain.headers["x-content-type-options"] == "nosniff"
    is_immutable = plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert is_immutable == (name not in ("manifest.json", "LICENSES.txt"))


async def test_text_is_compressed_if_the_client_accepts_gzip(client: httpx.AsyncClient) -> None:
    path = f"/graphiql/{graphiql.manifest()['script']}"
    async with client.stream("GET", path, headers={"accept-encoding": "gzip"}) as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "Accept-Encoding"
    assert int(response.headers["content-length"]) == len(raw)
    plain = await client.get(path, headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_unchanged_file_returns_304(client: httpx.AsyncClient, encoding: str) -> None:
    headers = {"accept-encoding": encoding}
    first = await client.get("/graphiql/LICENSES.txt", headers=headers)
    second = await client.get("/graphiql/LICENSES.txt", headers={**headers, "if-none-match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")


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
async def test_no_path_leaves_the_bundle(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(httpx.URL("http://127.0.0.1", raw_path=f"/graphiql/{path}".encode()))
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["code"]


async def test_graphiql_can_be_disabled(engine: AsyncEngine, settings: Settings) -> None:
    async with client_with_settings(engine, settings, explorer=False) as client:
        assert "json" in (await client.get("/graphql", headers=BROWSER)).headers["content-type"]
        assert (await client.get("/graphiql/manifest.json")).status_code == 404


def test_the_bundle_is_built_from_the_sources_in_tools() -> None:
    if not TOOLS.is_dir():
        pytest.skip("requires the sources, which this distribution does not contain")
    digest = hashlib.sha256()
    for name in ["build.mjs", "package-lock.json", *sorted(f"src/{path.name}" for path in (TOOLS / "src").iterdir())]:
        digest.update(f"{name}\n".encode() + (TOOLS / name).read_bytes())
    manifest = json.loads((graphiql.BUNDLE / "manifest.json").read_text())
    assert manifest["sources"] == digest.hexdigest(), "the bundle is out of date: run tools/graphiql/build.sh"
    dependencies = json.loads((TOOLS / "package.json").read_text())["dependencies"]
    assert dependencies.items() <= manifest["packages"].items()
    assert '"resolved"' not in (TOOLS / "package-lock.json").read_text()


def test_the_bundle_is_small_lists_its_licences_and_has_no_source_maps() -> None:
    assert sum((graphiql.BUNDLE / name).stat().st_size for name in FILES) <= 7_000_000
    assert not [name for name in FILES if name.endswith(".map")]
    licences = (graphiql.BUNDLE / "LICENSES.txt").read_text("utf-8")
    for name, version in json.loads((graphiql.BUNDLE / "manifest.json").read_text())["packages"].items():
        assert f"\n{name} {version} (" in licences


async def test_each_example_is_one_named_operation_that_is_valid_for_the_schema(client: httpx.AsyncClient) -> None:
    schema = build.build()._schema
    tabs = (await config(client))["examples"]
    names = []
    for tab in tabs:
        document = parse(tab["query"])
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert operation.name
        names.append(operation.name.value)
        assert validate(schema, document) == []
        variables = json.loads(tab["variables"])
        values = get_variable_values(schema, operation.variable_definitions, variables)
        assert not isinstance(values, list), values
        assert variables.keys() == {definition.variable.name.value for definition in operation.variable_definitions}
        assert tab["title"]
        assert tab["about"]
    expected = [
        "LateShipments", "ShipmentHistory", "CreateShipment", "RecordEvent", "PageShipments", "FollowShipments",
        "ThisWeekByStatus", "OnTimeRate", "SlowestLanes",
    ]  # fmt: skip
    assert names == expected


async def run_examples(client: httpx.AsyncClient, execute: Execute, *titles: str) -> list[Any]:
    """Execute examples unchanged; returns the value of each root field."""
    tabs = {tab["title"]: tab for tab in (await config(client))["examples"]}
    values = []
    for title in titles:
        response = await execute(tabs[title]["query"], json.loads(tabs[title]["variables"]))
        assert "errors" not in response, response
        values += response["data"].values()
    return values


async def test_the_example_mutations_can_be_repeated_safely(client: httpx.AsyncClient, execute: Execute) -> None:
    create, record = "Create a shipment", "Record a tracking event"
    created, replayed, recorded, repeated = await run_examples(client, execute, create, create, record, record)
    assert (created["errors"], created["shipment"]["status"]) == ([], "READY")
    assert replayed["meta"]["replayed"]
    assert replayed["shipment"]["id"] == created["shipment"]["id"]
    assert (recorded["succeeded"], recorded["results"][0]["errors"]) == (1, [])
    assert recorded["results"][0]["event"]["shipment"]["status"] == "PICKED_UP"
    assert repeated["results"][0]["duplicate"]


async def test_the_example_queries_return_rows_from_the_demo_data(
    client: httpx.AsyncClient, execute: Execute, owner: AsyncEngine
) -> None:
    await demo.fill(owner)
    late, shipment, page = await run_examples(
        client, execute, "Late shipments", "One shipment with its history", "Page through shipments"
    )
    assert len(late["nodes"]) == 20
    assert late["nodes"][0]["promisedTo"] <= late["nodes"][19]["promisedTo"]
    assert len(shipment["packages"]) > 1
    assert len(shipment["events"]["nodes"]) > 5
    assert shipment["history"]["nodes"][0]["op"] == "shipment.created"
    assert page["pageInfo"]["hasNextPage"]
    assert len(page["edges"]) == 10
