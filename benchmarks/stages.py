"""python -m benchmarks.stages: what one request costs besides the database, in microseconds of CPU, stage by stage.

Each stage is run by itself, in one process, with the bodies of the comparison: the least of several rounds counts, for
what else the machine does only ever adds. What a document costs once is in a table of its own.
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
from benchmarks.places import BUILD, OWN
from graphql_app import operation_context, settings
from graphql_app.auth import authenticator
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.execution import error_formatting
from graphql_app.execution.documents import DocumentCache
from graphql_app.execution.variables import coerce_variables
from graphql_app.query_engine import fast_path, plan, type_mapping
from graphql_app.schema import build
from graphql_app.transport import endpoint, http_request

ROUNDS, TIMES = 15, 200
READS = ("Q1", "Q2", "Q3")
Do = Callable[[bytes], Awaitable[object]]


async def microseconds(do: Do, bodies: list[bytes], times: int = TIMES) -> float:
    """CPU of one call, the least of the rounds."""
    taken = []
    for at in range(ROUNDS):
        given = [bodies[(at * times + one) % len(bodies)] for one in range(times)]
        before = time.process_time_ns()
        for body in given:
            await do(body)
        taken.append((time.process_time_ns() - before) / times / 1000)
    return min(taken)


class Request:
    """One request, as uvicorn hands it to the app, and as the app answers it."""

    def __init__(self, key: str) -> None:
        self.headers = [
            (b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"accept", b"application/json"),
            (b"authorization", f"Bearer {key}".encode()),
        ]  # fmt: skip

    def scope(self) -> dict[str, Any]:
        return {
            "type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": self.headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "state": {},
        }  # fmt: skip

    async def ask(self, app: Any, body: bytes) -> bytes:
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            parts.append(message.get("body", b""))

        await app(self.scope(), receive, send)
        return b"".join(parts)


async def stages(url: str, key: str, workload: str) -> tuple[dict[str, float], dict[str, float]]:
    """Stages of every request, and stages of a document's first."""
    given = settings.read(postgres_url=url, demo=False, pool_size=2)
    engine = make_engine(url, given, scoped=True)
    keys = authenticator.ApiKeyAuthenticator(engine, given, keyless=False)
    task = asyncio.create_task(keys.run())
    built = build.build()
    app = endpoint.Endpoint(built, engine, given, keys)
    run, request = app.runner, Request(key)
    bodies = [line.encode() for line in (BUILD / f"project.{workload}.jsonl").read_text().splitlines()]
    if workload == "M1":  # each makes another shipment
        bodies = [one.replace(b"@@TN@@", f"S{time.time_ns()}-{at}".encode()) for at, one in enumerate(bodies * 40)]
    answer = await request.ask(app, bodies.pop())
    assert b'"errors":[{' not in answer, answer[:500]
    viewer = await keys(request.scope())
    asked = http_request.parse_body(bodies[0])
    operation = run.operation(asked, viewer)
    gc.collect()
    gc.freeze()

    async def whole(body: bytes) -> object:
        return await request.ask(app, body)

    async def who(_: bytes) -> object:
        return await keys(request.scope())

    async def read(body: bytes) -> object:
        return http_request.parse_body(body)

    async def known(_: bytes) -> object:
        return run.operation(asked, viewer)

    async def admitted(_: bytes) -> None:
        client = viewer.client("127.0.0.1")
        run.rate_limiter.check(client)
        await run.concurrency_limiter.acquire(client)
        run.concurrency_limiter.release(client)
        run.rate_limiter.charge(client, 1)

    async def session(_: bytes) -> None:
        async with operation_context.get_context(engine, viewer, "request"):
            pass

    async def variables(_: bytes) -> object:
        return coerce_variables(operation.variables, asked.variables or {})

    values = coerce_variables(operation.variables, asked.variables or {})
    assert values is not None
    question = operation.single_field
    asking = fast_path.FieldInputs(built._schema, operation.node, operation.fragments, operation.details, values)

    async def prepared(_: bytes) -> object:
        if question is None:  # a mutation: graphql-core's executor
            return run.executor(operation, asked, values, None)
        mirrored = type_mapping.mapping_of(built._schema)
        planned = plan.plan_for(asking, mirrored, question.parent, question.details, question.source)
        return planned.arguments(asking, {"account": viewer.account_id})

    async with get_session(engine, viewer.account_id) as one:

        async def driver(_: bytes) -> object:
            return await one.fetch("SELECT convert_to($1, 'UTF8')", [""])

        every = {
            "whose key it is": await microseconds(who, bodies),
            "body → JSON → what is asked": await microseconds(read, bodies),
            "the document, known by its text; limits, scopes": await microseconds(known, bodies),
            "allowance and gate": await microseconds(admitted, bodies),
            "session and context": await microseconds(session, bodies),
            "variables": await microseconds(variables, bodies),
            "the plan and its arguments (M1: graphql-core's executor)": await microseconds(prepared, bodies),
            "a connection, and one round trip of the driver": await microseconds(driver, bodies),
        }
    body = orjson.Fragment(answer)
    every["answer → bytes"] = await microseconds(
        lambda _: later(error_formatting.encode_body({"a": body}, (), None)), bodies
    )
    everything = await microseconds(whole, bodies, 40)
    every["the rest: headers, routing, fields, plan, statement of this size"] = everything - sum(every.values())
    every["**all of it**"] = everything
    once = first(built, asked.query or "")
    task.cancel()
    await keys.close()
    await engine.dispose()
    return every, once


async def later(value: object) -> object:
    return value


def first(built: Any, text: str) -> dict[str, float]:
    """What a document costs when it comes for the first time."""
    documents = DocumentCache(built._schema)
    taken = []
    for _ in range(ROUNDS):
        before = time.process_time_ns()
        documents.parse(text)
        taken.append((time.process_time_ns() - before) / 1000)
    return {"parsed, measured, validated": statistics.median(taken)}


def table(found: dict[str, dict[str, float]]) -> list[str]:
    names = list(dict.fromkeys(name for column in found.values() for name in column))
    lines = [f"| µs | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    for name in names:
        lines.append(f"| {name} | {' | '.join(f'{column[name]:.0f}' for column in found.values())} |")
    return lines


def main() -> None:
    BUILD.mkdir(exist_ok=True)
    cluster = data.start()
    try:
        postgres = data.Postgres(cluster)
        data.prepare(postgres)
        key, every, once = data.key(postgres), {}, {}
        capture.prepare(postgres, key)
        requests.prepare(postgres)
        for workload in (*READS, "M1"):
            name = data.copy_for_writes(postgres, False) if workload == "M1" else OWN
            every[workload], once[workload] = uvloop.run(stages(postgres.url_of(name), key, workload))
        print("\n".join([*table(every), "", *table(once)]))
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
