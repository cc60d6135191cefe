"""The whole process on one page: settings in, an ASGI app out. Connects when first asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from graphql_app.database import change_notifier, retention
from graphql_app.database.engine import make_engine
from graphql_app.errors import startup_error
from graphql_app.execution import runner
from graphql_app.schema import build
from graphql_app.server import health
from graphql_app.settings import Settings
from graphql_app.subscriptions import broker
from graphql_app.transport import endpoint, graphiql, http_response, sse, websocket


def create_app(settings: Settings, *, engine: AsyncEngine | None = None, keyless: bool = False) -> Starlette:
    """The app on a migrated database: that of `settings.postgres_url`, or the engine that is given (and stays open).

    `keyless`: let requests to this machine in as the default account while no API key was ever made.
    """
    if engine is None and settings.postgres_url is None:
        raise startup_error.StartupError("There is no database: set POSTGRES_URL, or start with `graphql-app serve`.")
    own = engine or make_engine(
        settings.postgres_url.get_secret_value(),  # type: ignore[union-attr]
        settings,
        scoped=True,
    )
    life = health.Lifecycle(own, settings.drain_delay, shared_metrics=settings_module.metrics_directory() is not None)
    built = build.build()
    keys, pulse = (
        authenticator.ApiKeyAuthenticator(own, settings, keyless=keyless),
        change_notifier.ChangeNotifier(own, settings),
    )
    operation_runner = runner.OperationRunner(built, own, settings, pulse.notify_commit)
    subscriptions = broker.SubscriptionBroker(operation_runner, pulse, settings, keys)
    graphql = endpoint.Endpoint(
        operation_runner, settings, keys, sse.SseHandler(subscriptions), websocket.WebSocketApp(subscriptions)
    )
    life.on_shutdown = subscriptions.shut_down
    sdl = build.sdl(built)

    async def print_sdl(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in (keys.run(), pulse.run(), retention.run(own, settings))]
        with life.graceful_shutdown():
            yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await keys.close()
        if engine is None:
            await own.dispose()

    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", graphql),
        WebSocketRoute("/{path:path}", websocket.reject_unknown_url),
        Route("/schema.graphql", print_sdl),
        *(graphiql.routes() if settings.explorer else []),
        *life.routes,
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
    app.state.subscription_broker = subscriptions
    return app


class ShipmentsApp(Starlette):
    """Starlette, which is left out where nothing of it is needed: the endpoint answers whatever happens in it."""

    def __init__(self, graphql: ASGIApp, *, middleware: list[Middleware], **more: Any) -> None:
        super().__init__(middleware=middleware, **more)
        for cls, args, kwargs in reversed(middleware):
            graphql = cls(graphql, *args, **kwargs)
        self.graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self.graphql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def cors_middleware(settings: Settings) -> list[Middleware]:
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
