"""The ASGI app: creates all parts of a server process from the settings. It connects to the database on first use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app import settings as settings_module
from graphql_app.auth import authenticator
from graphql_app.database import change_notifier, retention, rollups
from graphql_app.database.engine import make_engine
from graphql_app.errors import startup_error
from graphql_app.execution import runner
from graphql_app.schema import build
from graphql_app.server import health
from graphql_app.settings import Settings
from graphql_app.subscriptions import broker
from graphql_app.transport import endpoint, graphiql, http_response, sse, websocket


def create_app(
    settings: Settings,
    *,
    engine: AsyncEngine | None = None,
    keyless: bool = False,
    embedded_data: Path | None = None,
) -> Starlette:
    """Return the app. It uses the migrated database at `settings.postgres_url`, or `engine`, which it does not close.

    `keyless`: accept requests from this machine without an API key, as the default account, until the first key is
    created. `embedded_data`: data directory of the embedded PostgreSQL, if the database is in one.

    Raises:
        StartupError: there is neither a URL nor an engine.
    """
    if engine is None and settings.postgres_url is None:
        raise startup_error.StartupError(
            "There is no database. Set POSTGRES_URL, or start the server with `graphql-app serve`."
        )
    app_engine = engine or make_engine(
        settings.postgres_url.get_secret_value(),  # type: ignore[union-attr]
        settings,
        scoped=True,
        log_rejections=True,
    )
    share_metrics = settings_module.metrics_directory() is not None
    lifecycle = health.Lifecycle(
        app_engine, settings.drain_delay, shared_metrics=share_metrics, embedded_data=embedded_data
    )
    schema = build.build()
    key_authenticator = authenticator.ApiKeyAuthenticator(app_engine, settings, keyless=keyless)
    notifier = change_notifier.ChangeNotifier(app_engine, settings)
    operation_runner = runner.OperationRunner(schema, app_engine, settings, notifier.notify_commit)
    subscription_broker = broker.SubscriptionBroker(operation_runner, notifier, settings, key_authenticator)
    graphql = endpoint.Endpoint(
        operation_runner,
        settings,
        key_authenticator,
        sse.SseHandler(subscription_broker),
        websocket.WebSocketApp(subscription_broker),
    )
    lifecycle.on_shutdown = subscription_broker.shut_down
    sdl = build.sdl(schema)

    async def serve_sdl(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background = (
            key_authenticator.run(),
            notifier.run(),
            retention.run(app_engine, settings),
            rollups.run(app_engine, settings),
        )
        tasks = [asyncio.create_task(coroutine) for coroutine in background]
        with lifecycle.graceful_shutdown():
            yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await key_authenticator.close()
        if engine is None:
            await app_engine.dispose()

    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", graphql),
        WebSocketRoute("/{path:path}", websocket.reject_unknown_url),
        Route("/schema.graphql", serve_sdl),
        *(graphiql.routes() if settings.explorer else []),
        *lifecycle.routes,
    ]
    app = ShipmentsApp(
        graphql,
        routes=routes,
        middleware=cors_middleware(settings),
        exception_handlers={
            HTTPException: http_response.starlette_error_handler,
            Exception: http_response.starlette_error_handler,
        },
        lifespan=lifespan,
    )
    app.state.subscription_broker = subscription_broker
    return app


class ShipmentsApp(Starlette):
    """Starlette with a fast path for HTTP requests to `/graphql`.

    They bypass Starlette's middleware stack, error handlers and routing, which saves 10 µs per request. That is safe,
    because the endpoint handles all of its errors, and `middleware` wraps it directly.
    """

    def __init__(self, graphql: ASGIApp, *, middleware: list[Middleware], **options: Any) -> None:
        super().__init__(middleware=middleware, **options)
        for middleware_class, args, kwargs in reversed(middleware):
            graphql = middleware_class(graphql, *args, **kwargs)
        self.graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self.graphql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


CORS_MAX_AGE_SECONDS = 86_400
"""How long browsers may cache the response to a CORS preflight request."""


def cors_middleware(settings: Settings) -> list[Middleware]:
    """Return the CORS middleware for the origins of the settings; an empty list if there are none."""
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
            max_age=CORS_MAX_AGE_SECONDS,
        )
    ]
