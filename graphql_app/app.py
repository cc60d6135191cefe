"""The whole process on one page: settings in, an ASGI app out. Nothing happens before its lifespan begins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from graphql_app import auth, database, errors
from graphql_app.api import endpoint, replies, schema
from graphql_app.settings import Settings


def create_app(settings: Settings, *, engine: AsyncEngine | None = None) -> Starlette:
    """The app on a migrated database: that of `settings.postgres_url`, or the engine that is given (and stays open)."""
    built = schema.build()
    sdl = schema.sdl(built)

    async def print_sdl(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if engine is None and settings.postgres_url is None:
            raise errors.StartError("There is no database: set POSTGRES_URL, or start with `graphql-app serve`.")
        own = engine or database.make_engine(settings.postgres_url.get_secret_value(), settings)  # type: ignore[union-attr]
        app.state.graphql = endpoint.Endpoint(built, own, settings, viewer_of(own))
        try:
            yield
        finally:
            if engine is None:
                await own.dispose()

    return Starlette(
        routes=[
            Route("/graphql", Graphql()),
            WebSocketRoute("/graphql", Graphql()),
            Route("/schema.graphql", print_sdl),
        ],
        middleware=cross_origin(settings),
        exception_handlers={HTTPException: replies.elsewhere, Exception: replies.elsewhere},
        lifespan=lifespan,
    )


def cross_origin(settings: Settings) -> list[Middleware]:
    """CORS for the origins that the settings name."""
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["etag", "retry-after", "x-request-id"],
            max_age=86_400,
        )
    ]


class Graphql:
    """Passes on to the endpoint that the lifespan made."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.graphql(scope, receive, send)


class viewer_of:
    """Until keys are asked for, everybody is the default account."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.viewer: auth.Viewer | None = None

    async def __call__(self, _scope: Scope) -> auth.Viewer:
        if self.viewer is None:
            async with self.engine.connect() as connection:
                found = await connection.execute(text("SELECT id FROM account WHERE slug = 'default'"))
            self.viewer = auth.Viewer(found.scalar_one(), "default")
        return self.viewer
