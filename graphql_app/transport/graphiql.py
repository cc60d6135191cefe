"""The explorer: GraphiQL from our own files, as a page for browsers at the endpoint's address.

In: nothing but the time. Out: the page with its headers, and the route of its files. The page asks no other host, and
its Content-Security-Policy would let it ask none. Its program is built by `tools/graphiql`.
"""

import gzip
import html
import json
import re
import secrets
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from graphql_app.execution import request
from graphql_app.transport import http_request, http_response

FOLDER = Path(__file__).parent.parent / "static" / "graphiql"
BUNDLE, EXAMPLES = FOLDER / "bundle", FOLDER / "examples"

# 'unsafe-inline' is for styles alone: the editor places every line of text by one.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

HEADERS: http_response.Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept"),
    http_response.NOSNIFF,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]

# Relative addresses: the page works behind any prefix that a proxy puts before /graphql.
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title: GraphQL explorer</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none'\
 stroke='%23d60590' stroke-width='1.5'%3E%3Cpath d='M3 7l9-4 9 4v10l-9 4-9-4zM3 7l9 4 9-4M12 11v10'/%3E%3C/svg%3E">
<link rel="stylesheet" href="graphiql/$style">
<script type="module" src="graphiql/$script"></script>
</head>
<body>
<div id="explorer"><noscript>The explorer needs JavaScript. The schema is at <a href="schema.graphql">schema.graphql\
</a>.</noscript></div>
<script type="application/json" id="config">$config</script>
</body>
</html>
""")

NEEDS_KEY = """\
# This server asks for an API key. Open "Headers" below and write {"Authorization": "Bearer <your key>"};
# then "Re-fetch GraphQL schema", at the bottom left, completes your words.
"""
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
TEXT = (".js", ".css", ".txt", ".json")
HASHED = re.compile(r"-[0-9A-Z]{8}\.\w+$")


class Example(NamedTuple):
    """A tab: an operation, and variables that may hold `$now`, `$hamburg`, `$key` and `$reference`."""

    title: str
    about: str
    query: str
    variables: str


def is_browser_navigation(accepts: http_request.AcceptedTypes, query_string: bytes) -> bool:
    """Whether a GET is a browser's that came to look, and asks nothing yet."""
    return accepts.html and not any(name in request.PARAMETERS for name, _ in parse_qsl(query_string.decode("latin-1")))


def page(*, title: str = "Shipments", keyless: bool = True) -> http_response.Response:
    """The page at /graphql. Where a key is needed, its first tab says where that goes."""
    values = example_values()
    tabs = [one._replace(variables=Template(one.variables).substitute(values))._asdict() for one in examples()]
    if not keyless:
        tabs[0]["query"] = NEEDS_KEY + tabs[0]["query"]
    config = {"endpoint": "graphql", "title": title, "examples": tabs}
    text = PAGE.substitute(manifest(), title=html.escape(title), config=script_json(config))
    return http_response.Response(200, text.encode(), HEADERS)


def script_json(config: object) -> str:
    """JSON that may stand in a script element: without `<`, nothing in it can end the element or begin another."""
    return json.dumps(config, ensure_ascii=False).replace("<", "\\u003c")


def example_values() -> dict[str, str]:
    """What the examples' variables take from the moment at which the page is asked for."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "now": now.isoformat().replace("+00:00", "Z"),
        "hamburg": now.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None).isoformat(),
        "key": secrets.token_hex(8),
        "reference": f"EXAMPLE-{secrets.token_hex(3).upper()}",
    }


@cache
def examples() -> list[Example]:
    """One for each user's story, in order. The comments above an operation are its title and what it is about."""
    found = []
    for path in sorted(EXAMPLES.glob("*.graphql")):
        query = path.read_text("utf-8").rstrip()
        title, *about = [line.removeprefix("#").strip() for line in query.splitlines() if line.startswith("#")]
        variables = path.with_suffix(".json").read_text("utf-8").rstrip()
        found.append(Example(title, " ".join(about), query, variables))
    return found


@cache
def manifest() -> dict[str, str]:
    """The names that the build gave to the page's script and style."""
    built = json.loads((BUNDLE / "manifest.json").read_text("utf-8"))
    return {"script": built["script"], "style": built["style"]}


def routes() -> list[BaseRoute]:
    """The page's files, under /graphiql."""
    return [Mount("/graphiql", BundleFiles(directory=BUNDLE), name="graphiql")]


class BundleFiles(StaticFiles):
    """The bundle, compressed for who accepts it, and kept for ever where the name tells the content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        suffix = Path(path).suffix
        response.headers["content-type"] = MEDIA_TYPES[suffix]  # Not the operating system's opinion of it.
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if HASHED.search(path) else "no-cache"
        response.headers["content-security-policy"] = (
            CONTENT_SECURITY_POLICY  # A worker is ruled by its own, not by the page's.
        )
        response.headers["x-content-type-options"] = "nosniff"
        if suffix not in TEXT:
            return response
        response.headers["vary"] = "Accept-Encoding"
        asked = Headers(scope=scope)
        takes = http_response.accepts_gzip(asked.get("accept-encoding", "").encode("latin-1"))
        if not isinstance(response, FileResponse) or not takes or "range" in asked:
            return response
        body = await anyio.to_thread.run_sync(compressed, str(response.path))
        headers = {**response.headers, "content-encoding": "gzip", "content-length": str(len(body))}
        headers["etag"] = f"W/{headers['etag']}"
        return Response(body, headers=headers)


@lru_cache(64)
def compressed(path: str) -> bytes:
    """A file, compressed. All of them together are 2 MB, and each is compressed once in a process."""
    return gzip.compress(Path(path).read_bytes(), 6, mtime=0)
