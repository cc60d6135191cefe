"""GraphiQL, the in-browser IDE: the page that browsers get at `/graphql`, and the route of its files.

All files are part of this package: the page loads nothing from other hosts, and its Content-Security-Policy forbids it.
`tools/graphiql` builds the JavaScript bundle.
"""

import gzip
import html
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
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
BUNDLE = FOLDER / "bundle"
"""JavaScript, styles and fonts, as `tools/graphiql` builds them."""
EXAMPLES = FOLDER / "examples"
"""The operations of the first tabs, `*.graphql`, and their variables, `*.json`."""

# 'unsafe-inline' is allowed for styles only: the editor positions each line of text with an inline style.
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

HEADERS: http_response.ResponseHeaders = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept"),
    http_response.NOSNIFF,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]

# The URLs are relative, so that the page works behind a proxy that adds a path prefix to /graphql.
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title: GraphiQL</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none'\
 stroke='%23d60590' stroke-width='1.5'%3E%3Cpath d='M3 7l9-4 9 4v10l-9 4-9-4zM3 7l9 4 9-4M12 11v10'/%3E%3C/svg%3E">
<link rel="stylesheet" href="graphiql/$style">
<script type="module" src="graphiql/$script"></script>
</head>
<body>
<div id="explorer"><noscript>GraphiQL requires JavaScript. The schema is at <a href="schema.graphql">schema.graphql\
</a>.</noscript></div>
<script type="application/json" id="config">$config</script>
</body>
</html>
""")

NEEDS_KEY = """\
# This server requires an API key. Open "Headers" below and enter {"Authorization": "Bearer <your key>"},
# then click "Re-fetch GraphQL schema" at the bottom left to enable completion.
"""
"""A comment at the top of the first tab if an API key is required."""
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
"""The media types of the bundle's files by suffix."""
COMPRESSED_SUFFIXES = (".js", ".css", ".txt", ".json")
"""Files that are compressed; fonts already are."""
HASHED_NAME = re.compile(r"-[0-9A-Z]{8}\.\w+$")
"""Names with a hash of the content, which are cached for a year."""
COMPRESSION_LEVEL = 6
"""The default level of gzip."""


class Example(NamedTuple):
    """An example operation, shown as a tab. Its variables may contain the placeholders of `example_values`."""

    title: str
    about: str
    query: str
    variables: str


def is_browser_navigation(accepted: http_request.AcceptedTypes, query_string: bytes) -> bool:
    """Whether a GET comes from a browser that opens the URL: it accepts HTML and has no GraphQL parameter."""
    names = {name for name, _ in parse_qsl(query_string.decode("latin-1"))} if accepted.html else set()
    return accepted.html and names.isdisjoint(request.PARAMETERS)


def page(*, title: str = "Shipments", keyless: bool = True) -> http_response.Response:
    """The response with the GraphiQL page. Unless `keyless`, its first tab explains how to send an API key."""
    values = example_values()
    tabs = [
        example._replace(variables=Template(example.variables).substitute(values))._asdict() for example in examples()
    ]
    if not keyless:
        tabs[0]["query"] = NEEDS_KEY + tabs[0]["query"]
    config = {"endpoint": "graphql", "title": title, "examples": tabs}
    body = PAGE.substitute(manifest(), title=html.escape(title), config=script_json(config))
    return http_response.Response(200, body.encode(), HEADERS)


def script_json(config: object) -> str:
    """JSON for a script element. `<` is escaped, so that no value can close the element or open another."""
    return json.dumps(config, ensure_ascii=False).replace("<", "\\u003c")


def example_values() -> dict[str, str]:
    """The values of the placeholders in the examples' variables: `$now` and `$week_ago` (UTC), `$hamburg` (local time
    without offset), `$key` (a new idempotency key), `$reference` (a new external reference)."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "now": now.isoformat().replace("+00:00", "Z"),
        "week_ago": (now - timedelta(days=7)).isoformat().replace("+00:00", "Z"),
        "hamburg": now.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None).isoformat(),
        "key": secrets.token_hex(8),
        "reference": f"EXAMPLE-{secrets.token_hex(3).upper()}",
    }


@cache
def examples() -> list[Example]:
    """The examples in the order of their file names. The first comment line of a file is the title, the following ones
    are the description."""
    loaded = []
    for path in sorted(EXAMPLES.glob("*.graphql")):
        query = path.read_text("utf-8").rstrip()
        title, *about = [line.removeprefix("#").strip() for line in query.splitlines() if line.startswith("#")]
        variables = path.with_suffix(".json").read_text("utf-8").rstrip()
        loaded.append(Example(title, " ".join(about), query, variables))
    return loaded


@cache
def manifest() -> dict[str, str]:
    """The file names of the page's script and style, which contain a hash of their content."""
    names = json.loads((BUNDLE / "manifest.json").read_text("utf-8"))
    return {"script": names["script"], "style": names["style"]}


def routes() -> list[BaseRoute]:
    """The route of the bundle's files, `/graphiql/...`."""
    return [Mount("/graphiql", BundleFiles(directory=BUNDLE), name="graphiql")]


class BundleFiles(StaticFiles):
    """Serves the bundle, compressed if the client accepts gzip. Files with a hash in their name are cached for a year,
    other files are revalidated."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The response for a file, with its media type, caching and Content-Security-Policy."""
        response = await super().get_response(path, scope)
        suffix = Path(path).suffix
        is_hashed = HASHED_NAME.search(path) is not None
        response.headers["content-type"] = MEDIA_TYPES[suffix]  # the mimetypes module depends on the operating system
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        # A worker does not inherit the policy of the page.
        response.headers["content-security-policy"] = CONTENT_SECURITY_POLICY
        response.headers["x-content-type-options"] = "nosniff"
        if suffix not in COMPRESSED_SUFFIXES:
            return response
        response.headers["vary"] = "Accept-Encoding"
        request_headers = Headers(scope=scope)
        accepts_gzip = http_response.accepts_gzip(request_headers.get("accept-encoding", "").encode("latin-1"))
        if not isinstance(response, FileResponse) or not accepts_gzip or "range" in request_headers:
            return response
        body = await anyio.to_thread.run_sync(compressed_file, str(response.path))
        headers = {**response.headers, "content-encoding": "gzip", "content-length": str(len(body))}
        headers["etag"] = f"W/{headers['etag']}"
        return Response(body, headers=headers)


@lru_cache(64)
def compressed_file(path: str) -> bytes:
    """A file compressed with gzip, once per process. All files together are 2 MB compressed."""
    return gzip.compress(Path(path).read_bytes(), COMPRESSION_LEVEL, mtime=0)
