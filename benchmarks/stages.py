"""python -m benchmarks.stages: the CPU time of one request outside the database, in microseconds, stage by stage.

Each stage runs separately in one process, with the bodies of the comparison. The minimum of several rounds counts,
because other activity on the machine only ever adds time. The one-time cost of a document is in a separate table.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvloop

from benchmarks import capture, data, requests
from benchmarks.paths import BUILD, OWN
from graphql_app import operation_context, settings
from graphql_app.auth import authenticator
from graphql_app.database import change_notifier
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.execution import error_formatting, runner
from graphql_app.execution.documents import DocumentCache
from graphql_app.execution.variables import coerce_variables
from graphql_app.graphql_internals import core_schema
from graphql_app.query_engine import fast_path, plan, type_mapping
from graphql_app.schema import build
from graphql_app.subscriptions import broker
from graphql_app.transport import endpoint, http_request, sse, websocket

ROUNDS = 15
"""Repetitions of a stage; the fastest one counts."""
TIMES = 200
"""Calls per round."""
READS = ("Q1", "Q2", "Q3")
Call = Callable[[bytes], Awaitable[object]]


async def microseconds(call: Call, bodies: list[bytes], times: int = TIMES) -> float:
    """CPU time of one call in microseconds, the minimum of the rounds."""
    times_ = []
    for round_number in range(ROUNDS):
        round_bodies = [bodies[(round_number * times + n) % len(bodies)] for n in range(times)]
        before = time.process_time_ns()
        for body in round_bodies:
            await call(body)
        times_.append((time.process_time_ns() - before) / times / 1000)
    return min(times_)


class Request:
    """One request as uvicorn passes it to the app."""

    def __init__(self, key: str) -> None:
        self.headers = [
            (b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"accept", b"application/json"),
            (b"authorization", f"Bearer {key}".encode()),
        ]  # fmt: skip

    def scope(self) -> dict[str, Any]:
        """The ASGI scope of the request."""
        return {
            "type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": self.headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "state": {},
        }  # fmt: skip

    async def send(self, app: Any, body: bytes) -> bytes:
        """The response body of the app."""
        parts: list[bytes] = []
        delivered = False

        async def receive() -> dict[str, Any]:
            nonlocal delivered
            if delivered:  # the app waits for a disconnect, which never comes
                await asyncio.Event().wait()
            delivered = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            parts.append(message.get("body", b""))

        await app(self.scope(), receive, send)
        return b"".join(parts)


async def stages(url: str, key: str, workload: str) -> tuple[dict[str, float], dict[str, float]]:
    """The stages of every request, and the stages of a document's first request."""
    settings_ = settings.read(postgres_url=url, demo=False, pool_size=2)
    engine = make_engine(url, settings_, scoped=True)
    keys = authenticator.ApiKeyAuthenticator(engine, settings_, keyless=False)
    task = asyncio.create_task(keys.run())
    schema = build.build()
    operation_runner, request = runner.OperationRunner(schema, engine, settings_, lambda: None), Request(key)
    notifier = change_notifier.ChangeNotifier(engine, settings_)
    subscriptions = broker.SubscriptionBroker(operation_runner, notifier, settings_, keys)
    handlers = sse.SseHandler(subscriptions), websocket.WebSocketApp(subscriptions)
    app = endpoint.Endpoint(operation_runner, settings_, keys, *handlers)
    bodies = [line.encode() for line in (BUILD / f"project.{workload}.jsonl").read_text().splitlines()]
    if workload == "M1":  # each creates another shipment
        bodies = [body.replace(b"@@TN@@", f"S{time.time_ns()}-{n}".encode()) for n, body in enumerate(bodies * 40)]
    response = await request.send(app, bodies.pop())
    assert b'"errors":[{' not in response, response[:500]
    viewer = await keys(request.scope())
    graphql_request = http_request.parse_body(bodies[0])
    operation = operation_runner.operation(graphql_request, viewer)
    gc.collect()
    gc.freeze()

    async def handle_request(body: bytes) -> object:
        return await request.send(app, body)

    async def authenticate(_: bytes) -> object:
        return await keys(request.scope())

    async def parse_body(body: bytes) -> object:
        return http_request.parse_body(body)

    async def find_document(_: bytes) -> object:
        return operation_runner.operation(graphql_request, viewer)

    async def acquire_limits(_: bytes) -> None:
        client = viewer.client("127.0.0.1")
        operation_runner.rate_limiter.check(client)
        await operation_runner.concurrency_limiter.acquire(client)
        operation_runner.concurrency_limiter.release(client)
        operation_runner.rate_limiter.charge(client, 1)

    async def open_session(_: bytes) -> None:
        async with operation_context.get_context(engine, viewer, "request"):
            pass

    async def coerce(_: bytes) -> object:
        return coerce_variables(operation.variables, graphql_request.variables or {})

    values = coerce_variables(operation.variables, graphql_request.variables or {})
    assert values is not None
    single_field = operation.single_field
    inputs = fast_path.FieldInputs(core_schema(schema), operation.node, operation.fragments, operation.details, values)

    async def prepare_plan(_: bytes) -> object:
        if single_field is None:  # a mutation: graphql-core's executor
            return operation_runner.executor(operation, graphql_request, values, None)
        mapping = type_mapping.mapping_of(core_schema(schema))
        prepared_plan = plan.plan_for(inputs, mapping, single_field.parent, single_field.details, single_field.source)
        return prepared_plan.arguments(inputs, {"account": viewer.account_id})

    async with get_session(engine, viewer.account_id) as session_:

        async def round_trip(_: bytes) -> object:
            return await session_.fetch("SELECT convert_to($1, 'UTF8')", [""])

        stage_times = {
            "authentication": await microseconds(authenticate, bodies),
            "parse the body": await microseconds(parse_body, bodies),
            "cached document, limits, scopes": await microseconds(find_document, bodies),
            "rate and concurrency limiters": await microseconds(acquire_limits, bodies),
            "session and context": await microseconds(open_session, bodies),
            "variables": await microseconds(coerce, bodies),
            "plan and its arguments (M1: graphql-core's executor)": await microseconds(prepare_plan, bodies),
            "connection and one round trip of the driver": await microseconds(round_trip, bodies),
        }
    body = orjson.Fragment(response)
    stage_times["result → bytes"] = await microseconds(
        lambda _: as_coroutine(error_formatting.encode_body({"a": body}, (), None)), bodies
    )
    total = await microseconds(handle_request, bodies, 40)
    stage_times["rest: headers, routing, fields, statement of this size"] = total - sum(stage_times.values())
    stage_times["**total**"] = total
    first_times = first_request(schema, graphql_request.query or "")
    task.cancel()
    await keys.close()
    await engine.dispose()
    return stage_times, first_times


async def as_coroutine(value: object) -> object:
    """A value as a coroutine."""
    return value


def first_request(schema: Any, text: str) -> dict[str, float]:
    """The cost of a document on its first request, in microseconds."""
    documents = DocumentCache(core_schema(schema))
    times = []
    for _ in range(ROUNDS):
        before = time.process_time_ns()
        documents.parse(text)
        times.append((time.process_time_ns() - before) / 1000)
    return {"parse, measure, validate": statistics.median(times)}


def table(columns: dict[str, dict[str, float]]) -> list[str]:
    """A Markdown table, one column per workload."""
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    lines = [f"| µs | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for name in names:
        lines.append(f"| {name} | {' | '.join(f'{column[name]:.0f}' for column in columns.values())} |")
    return lines


def main() -> None:
    """Measure all workloads and print the tables."""
    BUILD.mkdir(exist_ok=True)
    cluster = data.start()
    try:
        postgres = data.Postgres(cluster)
        data.prepare(postgres)
        key, stage_times, first_times = data.key(postgres), {}, {}
        capture.prepare(postgres, key)
        requests.prepare(postgres)
        for workload in (*READS, "M1"):
            name = data.copy_for_writes(postgres, False) if workload == "M1" else OWN
            stage_times[workload], first_times[workload] = uvloop.run(stages(postgres.url_of(name), key, workload))
        print("\n".join([*table(stage_times), "", *table(first_times)]))
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
