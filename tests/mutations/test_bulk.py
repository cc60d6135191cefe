"""Bulk calls: results in the order of the rows, typed errors for each, and as many statements as for two rows."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import (
    BERLIN,
    KILO,
    Deeds,
    codes,
    complete,
    event,
    minimal,
    trail,
    versions_hold,
    warned,
)

EVERYTHING = {"policy": "REJECT_EVERYTHING"}
EDGE = "2026-03-01T10:00:00Z"


def edit(id_: str, expected: int | None = None, **given: Any) -> dict[str, Any]:
    return {"by": {"id": id_}, "input": given, "expectedVersion": expected}


async def test_results_come_in_the_order_of_the_rows(deeds: Deeds) -> None:
    rows = [minimal(clientRef=f"r{n}", externalReference=str(n % 7), tags=[str(n)]) for n in range(20)]
    payload = await deeds.bulk_create(*rows)
    results = payload["results"]
    assert [result["index"] for result in results] == list(range(20))
    assert [result["clientRef"] for result in results] == [f"r{n}" for n in range(20)]
    assert (payload["succeeded"], payload["failed"]) == (7, 13)
    assert [result["shipment"]["number"] for result in results[:7]] == [f"SHP-{n:07}" for n in range(1, 8)]
    for at, result in enumerate(results[7:], 7):
        assert codes(result) == [("DUPLICATE", f"inputs.{at}.externalReference")]
        assert result["errors"][0]["existing"]["id"] == results[at % 7]["shipment"]["id"]


async def test_a_bad_row_says_nothing_about_the_others(deeds: Deeds, owner: AsyncEngine) -> None:
    rows = [
        minimal(externalReference="A", carrier="nobody"),
        minimal(externalReference="A"),
        minimal(clientRef="bad", shipper={**BERLIN, "name": "\0"}, packages=[{"trackingNumber": "--"}]),
        complete(confirm=True),
    ]
    payload = await deeds.bulk_create(*rows)
    assert [codes(result) for result in payload["results"]] == [
        [("NOT_FOUND", "inputs.0.carrier")],
        [],
        [("INVALID", "inputs.2.packages.0.trackingNumber"), ("INVALID", "inputs.2.shipper.name")],
        [],
    ]
    assert [result["created"] for result in payload["results"]] == [False, True, False, True]
    assert payload["results"][2]["clientRef"] == "bad"
    assert await versions_hold(owner) == 2


@pytest.mark.parametrize("wrong", [{"carrier": "nobody"}, {"tags": ["\0"]}, {"externalReference": "good"}])
async def test_everything_is_rejected_for_one_bad_row(deeds: Deeds, owner: AsyncEngine, wrong: dict[str, Any]) -> None:
    before = await trail(owner, *[name for name in await trail(owner) if name.startswith("shipment_number_")])
    payload = await deeds.bulk_create(minimal(externalReference="good", clientRef="r"), minimal(**wrong), **EVERYTHING)
    good, bad = payload["results"]
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert (good["errors"], good["shipment"], good["created"], good["clientRef"]) == ([], None, False, "r")
    assert len(bad["errors"]) == 1
    after = await trail(owner, *[name for name in await trail(owner) if name.startswith("shipment_number_")])
    assert after == before


async def test_everything_is_written_where_every_row_is_good(deeds: Deeds) -> None:
    payload = await deeds.bulk_create(minimal(), minimal(), **EVERYTHING)
    assert [result["created"] for result in payload["results"]] == [True, True]


async def test_rows_all_of_which_are_bad_come_back_with_their_names(deeds: Deeds) -> None:
    payload = await deeds.bulk_create(minimal(clientRef="a", incoterm="x"), minimal(clientRef="b", tags=["\0"]))
    assert [result["clientRef"] for result in payload["results"]] == ["a", "b"]
    assert (payload["succeeded"], payload["failed"]) == (0, 2)


async def test_a_validated_bulk_says_row_by_row_what_the_other_would(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.made(externalReference="taken", packages=[{"trackingNumber": "X1"}])
    rows = [
        minimal(externalReference="new", packages=[{"trackingNumber": "x-1"}, {"trackingNumber": "RR123456784DE"}]),
        minimal(externalReference="new"),
        minimal(externalReference="taken"),
        minimal(carrier="nobody", returnOf={"number": "SHP-9"}),
        minimal(declaredValue={"amount": "-1", "currency": "EUR"}),
        minimal(packages=[{"trackingNumber": "X 1"}]),
    ]
    before = await trail(owner)
    dry = await deeds.bulk_create(*rows, validateOnly=True)
    assert await trail(owner) == before
    wet = await deeds.bulk_create(*rows)
    assert [codes(result) for result in dry["results"]] == [codes(result) for result in wet["results"]]
    assert [warned(result) for result in dry["results"]] == [warned(result) for result in wet["results"]]
    assert (dry["succeeded"], dry["failed"]) == (wet["succeeded"], wet["failed"]) == (2, 4)
    assert {code for code, _ in warned(wet["results"][0])} == {"TRACKING_NUMBER_IN_USE", "CHECK_DIGIT"}
    assert warned(wet["results"][5]) == [("TRACKING_NUMBER_IN_USE", "inputs.5.packages.0.trackingNumber")]


@pytest.mark.parametrize("field", ["bulk_create", "bulk_update", "record"])
async def test_a_call_has_from_one_to_a_thousand_rows(deeds: Deeds, field: str) -> None:
    row = {"bulk_create": minimal(), "bulk_update": edit("shp_0"), "record": event("shp_0")}[field]
    none = await getattr(deeds, field)()
    assert (codes(none), none["results"]) == ([("REQUIRED", "inputs")], [])
    many = await getattr(deeds, field)(*[row] * 1001)
    assert (codes(many), many["results"]) == ([("LIMIT_EXCEEDED", "inputs")], [])


async def test_no_bulk_call_expects_one_version(deeds: Deeds) -> None:
    payload = await deeds.bulk_create(minimal(), expectedVersion=1)
    assert codes(payload) == [("INVALID", "options.expectedVersion")]


# -- updates ------------------------------------------------------------------------------------------------------


async def test_rows_of_one_shipment_are_carried_out_in_their_order(deeds: Deeds, owner: AsyncEngine) -> None:
    one, two = await deeds.made(externalReference="A"), await deeds.made()
    payload = await deeds.bulk_update(
        edit(one["id"], service="first", tagsAdd=["a"]),
        edit(two["id"], tagsAdd=["b"]),
        {"by": {"externalReference": "A"}, "input": {"service": "second"}},
        {"by": {"number": one["number"]}, "input": {"tagsRemove": ["a"]}},
    )
    assert payload["succeeded"] == 4
    assert [result["shipment"]["version"] for result in payload["results"]] == [4, 2, 4, 4]
    assert [(await deeds.shipment(one["id"]))[name] for name in ("service", "tags")] == ["second", []]
    await versions_hold(owner)


async def test_a_row_that_expects_what_an_earlier_row_changed_is_a_conflict(deeds: Deeds) -> None:
    made = await deeds.made()
    payload = await deeds.bulk_update(
        edit(made["id"], 1, service="x"), edit(made["id"], 1, service="y"), edit(made["id"], 2, tagsAdd=["z"])
    )
    first, second, third = payload["results"]
    assert (first["errors"], third["errors"]) == ([], [])
    assert codes(second) == [("VERSION_CONFLICT", "inputs.1.expectedVersion")]
    problem = second["errors"][0]
    assert (problem["expected"], problem["current"], problem["changedFields"]) == (1, 2, ["service"])


async def test_everything_is_rejected_for_one_bad_edit(deeds: Deeds, owner: AsyncEngine) -> None:
    one, two = await deeds.made(), await deeds.made()
    before = await trail(owner)
    payload = await deeds.bulk_update(edit(one["id"], tagsAdd=["a"]), edit(two["id"], carrier="nobody"), **EVERYTHING)
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert payload["results"][0]["shipment"]["version"] == 1
    assert await trail(owner) == before


async def test_a_row_may_not_take_a_reference_that_another_has(deeds: Deeds) -> None:
    one, two, three = [await deeds.made(externalReference=name) for name in "ABC"]
    payload = await deeds.bulk_update(
        edit(one["id"], externalReference="D"),
        edit(two["id"], externalReference="C"),
        edit(three["id"], externalReference="D"),
    )
    assert [codes(result) for result in payload["results"]] == [
        [],
        [("DUPLICATE", "inputs.1.input.externalReference")],
        [("DUPLICATE", "inputs.2.input.externalReference")],
    ]
    assert payload["results"][2]["errors"][0]["existing"]["id"] == one["id"]


async def test_a_row_names_a_shipment_in_one_way_that_can_be(deeds: Deeds) -> None:
    payload = await deeds.bulk_update(
        {"by": {"externalReference": "\0"}, "input": {}}, {"by": {"id": "x"}, "input": {}}, edit("pkg_" + "0" * 32)
    )
    assert [codes(result) for result in payload["results"]] == [
        [("INVALID", "inputs.0.by.externalReference")],
        [("NOT_FOUND", "inputs.1.by")],
        [("NOT_FOUND", "inputs.2.by")],
    ]


# -- events -------------------------------------------------------------------------------------------------------


async def test_everything_is_rejected_for_one_bad_event(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    known = event(made["id"], "PICKED_UP")
    await deeds.record(known)
    before = await trail(owner)
    fresh = event(made["id"], "DELIVERED", "2026-03-02T10:00:00Z")
    payload = await deeds.record(fresh, fresh, known, event("shp_0"), **EVERYTHING)
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert [result["event"] is None for result in payload["results"]] == [True, True, False, True]
    assert [result["statusChanged"] for result in payload["results"]] == [False] * 4
    assert await trail(owner) == before


# -- statements and locks -----------------------------------------------------------------------------------------


async def counted(statements: list[str], call: Any) -> int:
    statements.clear()
    payload = await call
    assert payload["failed"] == 0
    return len(statements)


async def test_a_thousand_rows_take_as_many_statements_as_two(deeds: Deeds, statements: list[str]) -> None:
    await deeds.carrier("dhl")
    made = []
    for rows in (2, 2, 1000):
        given = [complete(confirm=True, carrier="dhl", packages=[{"trackingNumber": f"X{n}"}]) for n in range(rows)]
        statements.clear()
        payload = await deeds.bulk_create(*given)
        made.append((len(statements), [result["shipment"]["id"] for result in payload["results"]]))
    assert [count for count, _ in made[1:]] == [2, 2]  # write, read
    ids = made[2][1]

    async def update(count: int, tag: str) -> int:
        rows = [edit(id_, tagsAdd=[tag], shipper=BERLIN, externalReference=f"{tag}{id_}") for id_ in ids[:count]]
        return await counted(statements, deeds.bulk_update(*rows))

    await update(2, "warm")
    assert await update(2, "two") == await update(1000, "many") == 7

    async def record(count: int, day: int, code: str) -> int:
        rows = [event(id_, code, f"2026-03-0{day}T10:00:00Z") for id_ in ids[:count]]
        return await counted(statements, deeds.record(*rows))

    await record(2, 5, "PICKED_UP")
    assert await record(2, 6, "IN_TRANSIT") == await record(1000, 7, "IN_TRANSIT") == 9
    await record(2, 4, "INFO")
    assert await record(2, 3, "INFO") == await record(1000, 2, "INFO") == 10  # the events known are read once

    async def conflicts(count: int) -> int:
        statements.clear()
        payload = await deeds.bulk_update(*(edit(id_, 99, tagsAdd=["never"]) for id_ in ids[:count]))
        assert payload["failed"] == count
        return len(statements)

    await conflicts(2)
    assert await conflicts(2) == await conflicts(1000) == 5


async def test_calls_over_the_same_shipments_in_opposite_orders_all_come_through(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    made = await deeds.bulk_create(*[complete(confirm=True) for _ in range(30)])
    ids = [result["shipment"]["id"] for result in made["results"]]
    calls = []
    for turn in range(12):
        order = ids if turn % 2 else ids[::-1]
        if turn % 3:
            calls.append(deeds.bulk_update(*(edit(id_, tagsAdd=[str(turn)]) for id_ in order)))
        else:
            calls.append(deeds.record(*(event(id_, "INFO", EDGE, externalEventId=str(turn)) for id_ in order)))
    payloads = await asyncio.gather(*calls)
    assert [payload["succeeded"] for payload in payloads] == [30] * 12
    for id_ in ids:
        shipment = await deeds.shipment(id_)
        assert (len(shipment["tags"]), shipment["version"]) == (8, 13)
    assert await versions_hold(owner) == 30


async def test_bulk_creates_of_the_same_references_in_any_order_make_each_once(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    rng, references = random.Random(1), [str(n) for n in range(40)]
    calls = []
    for _ in range(8):
        order = rng.sample(references, 40)
        calls.append(deeds.bulk_create(*(minimal(externalReference=name, packages=[KILO]) for name in order)))
    payloads = await asyncio.gather(*calls)
    assert sum(payload["succeeded"] for payload in payloads) == 40
    for payload in payloads:
        for result in payload["results"]:
            assert result["errors"] == [] or result["errors"][0]["existing"] is not None
    assert await versions_hold(owner) == 40


async def test_references_that_change_hands_at_once_stay_with_one(deeds: Deeds, owner: AsyncEngine) -> None:
    ids = [(await deeds.made())["id"] for _ in range(10)]
    rng = random.Random(2)
    calls = []
    for _ in range(8):
        order, names = rng.sample(ids, 10), rng.sample(range(12), 10)
        rows = [edit(id_, externalReference=f"N{name}") for id_, name in zip(order, names, strict=True)]
        calls.append(deeds.bulk_update(*rows))
    for payload in await asyncio.gather(*calls):
        for result in payload["results"]:
            assert {code for code, _ in codes(result)} <= {"DUPLICATE"}
    await versions_hold(owner)


async def test_what_was_rolled_back_repeats_nothing(deeds: Deeds) -> None:
    id_ = (await deeds.ready())["id"]
    known = event(id_, externalEventId="known")
    await deeds.record(known)
    new = event(id_, externalEventId="new")
    for policy, bad in (("REJECT_EVERYTHING", event("shp_" + "0" * 32)), ("REJECT_EVERYTHING", event(id_, None))):
        payload = await deeds.record(new, new, known, bad, policy=policy)
        assert [result["duplicate"] for result in payload["results"]] == [False, False, True, False]
        assert [result["event"] is not None for result in payload["results"]] == [False, False, True, False]
        assert payload["succeeded"] == 0
    assert [result["duplicate"] for result in (await deeds.record(new, new, known))["results"]] == [False, True, True]


async def test_rows_name_a_shipment_by_the_reference_that_earlier_rows_gave_it(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    id_ = (await deeds.made(externalReference="old"))["id"]
    by_new = {"by": {"externalReference": "new"}, "input": {"tagsAdd": ["by new"]}}
    by_old = {"by": {"externalReference": "old"}, "input": {"tagsAdd": ["by old"]}}
    payload = await deeds.bulk_update(by_old, by_new, edit(id_, externalReference="new"), by_old, by_new)
    assert [codes(result) for result in payload["results"]] == [
        [], [("NOT_FOUND", "inputs.1.by")], [], [("NOT_FOUND", "inputs.3.by")], []
    ]  # fmt: skip
    assert (await deeds.shipment(id_))["tags"] == ["by old", "by new"]
    await versions_hold(owner)


async def test_a_reference_that_an_earlier_row_gave_up_is_free(deeds: Deeds, owner: AsyncEngine) -> None:
    for names in ("AB", "CD"):  # whichever of the two was made first
        made = [(await deeds.made(externalReference=name))["id"] for name in names]
        one, other = made if names == "AB" else made[::-1]
        taken = (await deeds.shipment(other))["externalReference"]
        given_up = (await deeds.shipment(one))["externalReference"]
        rows = [
            edit(one, externalReference=taken),
            edit(one, externalReference=None),
            edit(other, externalReference=given_up),
            edit(one, externalReference=taken),
        ]
        payload = await deeds.bulk_update(*rows)
        first, *others = payload["results"]
        assert codes(first) == [("DUPLICATE", "inputs.0.input.externalReference")]
        assert [codes(result) for result in others] == [[], [], []]
        references = [(await deeds.shipment(id_))["externalReference"] for id_ in (one, other)]
        assert references == [taken, given_up]
    await versions_hold(owner)


async def test_a_tracking_number_that_an_earlier_row_gave_is_warned_of(deeds: Deeds) -> None:
    one, other = [await deeds.made(packages=[KILO]) for _ in range(2)]
    rows = [
        edit(s["id"], packages=[{"id": s["packages"][0]["id"], "trackingNumber": "X 1"}]) for s in (one, one, other)
    ]
    payload = await deeds.bulk_update(*rows)
    place = "inputs.2.input.packages.0.trackingNumber"
    assert [warned(result) for result in payload["results"]] == [[], [], [("TRACKING_NUMBER_IN_USE", place)]]
