"""Idempotency keys: a call that is repeated is answered with the first outcome, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graphql_app.database import retention
from tests.support.graphql_client import Ask
from tests.support.mutation_client import (
    BERLIN,
    Deeds,
    codes,
    complete,
    document,
    event,
    minimal,
    trail,
    versions_hold,
    warned,
)

KEYS = "SELECT operation, key, state FROM idempotency_key ORDER BY key"
CREATE = "mutation($input: ShipmentCreateInput!) { shipmentCreate(input: $input) { FIELDS } }"


def without_meta(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "meta"}


async def rows(owner: AsyncEngine, query: str) -> list[tuple[Any, ...]]:
    async with owner.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def change(owner: AsyncEngine, statement: str) -> None:
    async with owner.begin() as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def holding(owner: AsyncEngine, statement: str) -> AsyncIterator[AsyncConnection]:
    """Another transaction that has carried out a statement and not ended yet; it is rolled back unless committed."""
    async with owner.connect() as connection:
        await connection.execute(text(statement))
        yield connection


async def test_a_key_used_twice_answers_with_the_first_shipment(deeds: Deeds, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    first = await deeds.create(options, **complete(confirm=True))
    before = await trail(owner)
    second = await deeds.create(options, **complete(confirm=True))
    assert without_meta(second) == without_meta(first)
    assert (first["meta"]["replayed"], second["meta"]["replayed"]) == (False, True)
    assert second["created"] is True
    assert await trail(owner) == before
    assert await rows(owner, KEYS) == [("shipmentCreate", "k", "DONE")]


async def test_a_retry_may_select_other_fields_and_reads_them_afresh(deeds: Deeds, ask: Ask) -> None:
    given, headers = {"input": minimal()}, {"Idempotency-Key": "k"}
    first = await ask(CREATE.replace("FIELDS", "shipment { id }"), given, headers=headers)
    id_ = first["data"]["shipmentCreate"]["shipment"]["id"]
    await deeds.update(id_, {"tagsAdd": ["later"]})
    second = await ask(CREATE.replace("FIELDS", "shipment { id tags } created"), given, headers=headers)
    assert second["data"]["shipmentCreate"] == {"shipment": {"id": id_, "tags": ["later"]}, "created": True}


async def test_how_an_input_is_written_does_not_matter(ask: Ask, deeds: Deeds) -> None:
    options = {"idempotencyKey": "k"}
    first = await deeds.create(options, promisedTo="2026-03-01T10:00:00Z", tags=["a"])
    query = """mutation { again: shipmentCreate(options: {idempotencyKey: "k"}, input: {
      tags: "a", promisedTo: "2026-03-01t10:00:00.000+00:00", confirm: false
      shipper: {postalCode: "10115", country: de, city: "Berlin", name: "Sender"}
    }) { shipment { id } meta { replayed } errors { message } } }"""
    answer = await ask(query.replace("country: de", 'country: "de"'))
    assert answer["data"]["again"] == {
        "shipment": {"id": first["shipment"]["id"]}, "meta": {"replayed": True}, "errors": [],
    }  # fmt: skip


async def test_another_input_under_a_key_is_refused_and_told_when_it_was_used(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.create({"idempotencyKey": "k"})
    before = await trail(owner)
    for other in ({"tags": ["x"]}, {"shipper": {**BERLIN, "name": "Other"}}, {"promisedTo": None}):
        payload = await deeds.create({"idempotencyKey": "k"}, **other)
        assert codes(payload) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]
        assert payload["errors"][0]["firstUsedAt"].startswith("20")
        assert (payload["shipment"], payload["created"]) == (None, False)
    assert await trail(owner) == before


async def test_a_key_stands_for_one_mutation_of_one_account(deeds: Deeds, owner: AsyncEngine) -> None:
    key = {"idempotencyKey": "k"}
    made = (await deeds.create(key, **complete()))["shipment"]
    assert (await deeds.confirm(made["id"], **key))["meta"]["replayed"] is False
    assert (await deeds.archive(made["id"], **key))["meta"]["replayed"] is False
    assert (await deeds.bulk_create(minimal(), **key))["meta"]["replayed"] is False
    assert len(await rows(owner, KEYS)) == 4
    await change(owner, "UPDATE idempotency_key SET actor = 'somebody else'")
    assert (await deeds.create(key, **complete()))["shipment"]["id"] != made["id"]


async def test_every_mutation_replays_its_outcome(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.carrier("dhl")
    one, two = await deeds.ready(), await deeds.ready()
    recorded = await deeds.record(event(one["id"]), event(two["id"]))
    first, second = (result["event"]["id"] for result in recorded["results"])
    calls: list[tuple[str, dict[str, Any]]] = [
        ("shipmentCreate", {"input": minimal(packages=[{"trackingNumber": "1Z999AA10123456785"}])}),
        ("shipmentUpsert", {"externalReference": "A", "input": minimal()}),
        ("shipmentUpdate", {"by": {"id": one["id"]}, "input": {"tagsAdd": ["x"]}}),
        ("shipmentArchive", {"by": {"id": one["id"]}}),
        ("shipmentOverrideStatus", {"by": {"id": two["id"]}, "status": "DELIVERED", "reason": "Seen"}),
        ("shipmentsBulkUpdate", {"inputs": [{"by": {"id": one["id"]}, "input": {"tagsAdd": ["y"]}}]}),
        ("trackingEventsRecord", {"inputs": [event(one["id"], "DELIVERED", "2026-03-02T10:00:00Z")] * 2}),
        ("trackingEventVoid", {"id": first, "reason": "Wrong"}),
        ("trackingEventVoid", {"id": second, "reason": "Wrong", "replacement": event(two["id"], "HELD")}),
        ("carrierSave", {"code": "ups", "input": {"name": "UPS"}}),
        ("carrierStatusMap", {"carrier": "dhl", "raw": "Z9", "code": "DELIVERED"}),
    ]
    for at, (field, given) in enumerate(calls):
        options = {"idempotencyKey": f"key {at}"}
        done = await deeds.do(field, **given, options=options)
        before = await trail(owner)
        again = await deeds.do(field, **given, options=options)
        assert without_meta(again) == without_meta(done)
        assert (done["meta"]["replayed"], again["meta"]["replayed"]) == (False, True)
        assert await trail(owner) == before
    await versions_hold(owner)


async def test_errors_and_warnings_of_single_rows_are_replayed_with_all_that_they_say(
    deeds: Deeds, engine: AsyncEngine
) -> None:
    existing = await deeds.made(externalReference="taken")
    odd = minimal(clientRef="odd", packages=[{"trackingNumber": "1Z999AA10123456785"}])
    inputs = [
        odd,
        minimal(clientRef="double", externalReference="taken"),
        minimal(clientRef="lost", carrier="nobody"),
        minimal(clientRef="big", metadata={"n": 9_223_372_036_854_775_808}, packages=[{}] * 201),
        minimal(externalReference="new"),
        minimal(externalReference="new"),
    ]
    key = {"idempotencyKey": "k"}
    first = await deeds.bulk_create(*inputs, **key)
    again = await deeds.bulk_create(*inputs, **key)
    assert without_meta(again) == without_meta(first)
    results = again["results"]
    assert [result["clientRef"] for result in results] == ["odd", "double", "lost", "big", None, None]
    assert warned(results[0]) == [("CHECK_DIGIT", "inputs.0.packages.0.trackingNumber")]
    assert results[1]["errors"][0]["existing"]["id"] == existing["id"]
    assert codes(results[2]) == [("NOT_FOUND", "inputs.2.carrier")]
    assert {code for code, _ in codes(results[3])} == {"INVALID", "LIMIT_EXCEEDED"}
    assert results[5]["errors"][0]["existing"]["id"] == results[4]["shipment"]["id"]
    updates = [
        {"by": {"id": existing["id"]}, "input": {"service": "x"}, "expectedVersion": 9},
        {"by": {"id": existing["id"]}, "input": {"tagsAdd": ["good"]}},
    ]
    first, again = await deeds.bulk_update(*updates, **key), await deeds.bulk_update(*updates, **key)
    conflict = again["results"][0]["errors"][0]
    assert (conflict["expected"], conflict["current"], conflict["changedFields"]) == (9, 1, [])
    assert conflict["shipment"] == {"id": existing["id"], "version": 2}
    assert without_meta(again)["results"][1] == without_meta(first)["results"][1]


async def test_frozen_fields_and_forbidden_transitions_are_replayed(deeds: Deeds) -> None:
    gone, other = await deeds.ready(), await deeds.made()
    await deeds.record(event(gone["id"]))
    updates = [
        {"by": {"id": gone["id"]}, "input": {"service": "x"}},
        {"by": {"id": other["id"]}, "input": {"service": "x"}},
    ]
    await deeds.bulk_update(*updates, idempotencyKey="k")
    again = await deeds.bulk_update(*updates, idempotencyKey="k")
    (problem,) = again["results"][0]["errors"]
    assert (again["meta"]["replayed"], problem["status"], problem["code"]) == (True, "IN_TRANSIT", "NOT_EDITABLE")
    assert problem["hint"].startswith("The carrier has it")


@pytest.mark.parametrize("given", [{"carrier": "nobody"}, {"packages": [{"trackingNumber": " "}]}])
async def test_nothing_is_kept_of_a_call_that_did_nothing(
    deeds: Deeds, owner: AsyncEngine, given: dict[str, Any]
) -> None:
    key = {"idempotencyKey": "k"}
    assert (await deeds.create(key, **given))["errors"] != []
    assert await rows(owner, KEYS) == []
    assert (await deeds.create(key))["errors"] == []


async def test_a_validating_call_neither_takes_a_key_nor_is_deaf_to_it(deeds: Deeds, owner: AsyncEngine) -> None:
    key = {"idempotencyKey": "k"}
    dry = await deeds.create({**key, "validateOnly": True}, externalReference="A")
    assert (dry["errors"], dry["meta"]) == ([], {**dry["meta"], "replayed": False, "validateOnly": True})
    assert await rows(owner, KEYS) == []
    made = await deeds.create(key, externalReference="A")
    before = await trail(owner)
    same = await deeds.create({**key, "validateOnly": True}, externalReference="A")
    assert (same["shipment"]["id"], same["meta"]["replayed"]) == (made["shipment"]["id"], True)
    other = await deeds.create({**key, "validateOnly": True}, externalReference="B")
    assert codes(other) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]
    assert await trail(owner) == before


async def test_the_header_is_the_key_of_the_one_mutation_field(deeds: Deeds, ask: Ask, owner: AsyncEngine) -> None:
    query = """mutation($input: ShipmentCreateInput!) { __typename ...A }
      fragment A on Mutation { ... on Mutation { made: shipmentCreate(input: $input) { shipment { id } } } }"""
    first = await ask(query, {"input": minimal()}, headers={"Idempotency-Key": '"quoted-key"'})
    second = await ask(query, {"input": minimal()}, headers={"Idempotency-Key": "quoted-key"})
    assert first["data"] == second["data"]
    assert await rows(owner, KEYS) == [("shipmentCreate", "quoted-key", "DONE")]


async def test_the_argument_wins_over_the_header(deeds: Deeds, owner: AsyncEngine) -> None:
    given = {"input": minimal(), "options": {"idempotencyKey": "mine"}}
    await deeds.do("shipmentCreate", headers={"Idempotency-Key": "other"}, **given)
    assert [key for _, key, _ in await rows(owner, KEYS)] == ["mine"]


async def test_the_header_is_refused_where_it_could_mean_several_fields(ask: Ask, owner: AsyncEngine) -> None:
    query = """mutation($input: ShipmentCreateInput!) { a: shipmentCreate(input: $input) { shipment { id } }
      b: shipmentCreate(input: $input) { shipment { id } } }"""
    before = await trail(owner)
    answer = await ask(query, {"input": minimal()}, headers={"Idempotency-Key": "k"}, status=400)
    assert "options.idempotencyKey" in answer["errors"][0]["message"]
    assert await trail(owner) == before


@pytest.mark.parametrize(("key", "code"), [(" ", "REQUIRED"), ("x" * 256, "LIMIT_EXCEEDED"), ("a\0", "INVALID")])
async def test_a_key_that_cannot_be_kept_is_refused(deeds: Deeds, owner: AsyncEngine, key: str, code: str) -> None:
    before = await trail(owner)
    assert codes(await deeds.create({"idempotencyKey": key})) == [(code, "options.idempotencyKey")]
    assert await trail(owner) == before


async def test_a_double_waits_for_the_first_and_tells_its_outcome(deeds: Deeds, owner: AsyncEngine) -> None:
    for round_ in range(5):
        key = {"idempotencyKey": f"k{round_}"}
        payloads = await asyncio.gather(*(deeds.create(key, tags=[str(round_)]) for _ in range(8)))
        assert len({payload["shipment"]["id"] for payload in payloads}) == 1
        assert sorted(payload["meta"]["replayed"] for payload in payloads) == [False] + [True] * 7
        assert all(payload["created"] and payload["errors"] == [] for payload in payloads)
    assert await versions_hold(owner) == 5


async def test_a_double_of_a_call_that_comes_to_nothing_does_the_work(deeds: Deeds, owner: AsyncEngine) -> None:
    claim = (
        "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
        "SELECT id, 'default', 'shipmentCreate', 'k', '', 'RUNNING', now() + interval '1 day' FROM account"
    )
    async with holding(owner, claim) as other:
        waiting = asyncio.create_task(deeds.create({"idempotencyKey": "k"}))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await other.rollback()
        payload = await waiting
    assert (payload["created"], payload["meta"]["replayed"]) == (True, False)


async def test_who_waits_too_long_for_the_first_is_told_to_come_again(ask: Ask, owner: AsyncEngine) -> None:
    claim = (
        "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
        "SELECT id, 'default', 'shipmentCreate', 'k', '', 'RUNNING', now() + interval '1 day' FROM account"
    )
    given = {"input": minimal(), "options": {"idempotencyKey": "k"}}
    async with holding(owner, claim):
        answer = await ask(document("shipmentCreate"), given)
    assert answer["data"] == {"shipmentCreate": None}
    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert answer["errors"][0]["path"] == ["shipmentCreate"]
    again = await ask(document("shipmentCreate"), given)
    assert again["data"]["shipmentCreate"]["created"] is True


async def test_a_key_whose_time_is_over_can_be_used_again(deeds: Deeds, owner: AsyncEngine) -> None:
    key = {"idempotencyKey": "k"}
    first = await deeds.create(key)
    await change(owner, "UPDATE idempotency_key SET expires_at = now() - interval '1 second'")
    dry = await deeds.create({**key, "validateOnly": True}, tags=["other"])
    assert (dry["errors"], dry["meta"]["replayed"]) == ([], False)
    second = await deeds.create(key, tags=["other"])
    assert (second["created"], second["errors"]) == (True, [])
    assert second["shipment"]["id"] != first["shipment"]["id"]
    assert (await deeds.create(key, tags=["other"]))["meta"]["replayed"] is True


async def test_the_sweep_leaves_a_key_alone_that_a_call_is_taking_over(
    deeds: Deeds, engine: AsyncEngine, owner: AsyncEngine
) -> None:
    await deeds.create({"idempotencyKey": "taken over"})
    await deeds.create({"idempotencyKey": "old"})
    await deeds.create({"idempotencyKey": "young"})
    await change(owner, "UPDATE idempotency_key SET expires_at = now() - interval '1 day' WHERE key <> 'young'")
    take = "UPDATE idempotency_key SET expires_at = now() + interval '1 day' WHERE key = 'taken over'"
    async with holding(owner, take) as other:
        assert await retention.sweep(engine, 0) == 1
        await other.commit()
    assert [key for _, key, _ in await rows(owner, KEYS)] == ["taken over", "young"]


async def test_a_keyed_call_takes_three_statements_more(deeds: Deeds, ask: Ask, statements: list[str]) -> None:
    await deeds.create({"idempotencyKey": "warm"})
    statements.clear()
    await deeds.create({"idempotencyKey": "k"})
    assert len(statements) == 6  # BEGIN, claim, make, keep, COMMIT, read
    statements.clear()
    await deeds.create({"idempotencyKey": "k"})
    assert len(statements) == 5  # BEGIN, claim, find, ROLLBACK, read
