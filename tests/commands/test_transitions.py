"""Confirm, cancel, archive, override: strict. Where `allowedTransitions` leads they succeed, elsewhere they fail."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain.enums import ShipmentStatus
from tests.support.mutation_client import KILO, PARIS, Deeds, codes, complete, event, trail, versions_hold

COMMANDS = {"READY": "confirm", "CANCELLED": "cancel"}


async def draft_without_a_recipient(deeds: Deeds) -> Any:
    return await deeds.made(packages=[KILO])


async def draft_without_a_package(deeds: Deeds) -> Any:
    return await deeds.made(recipient=PARIS)


async def complete_draft(deeds: Deeds) -> Any:
    return await deeds.made(**complete())


def after(*happened: tuple[str, int | None], packages: int = 1) -> Callable[[Deeds], Awaitable[Any]]:
    """A shipment after some events: of one package, or of the whole of it."""

    async def make(deeds: Deeds) -> Any:
        made = await deeds.ready(packages)
        for hour, (code, of) in enumerate(happened):
            target = made["id"] if of is None else made["packages"][of]["id"]
            await deeds.record(event(target, code, f"2026-03-01T{hour:02}:00:00Z"))
        return made

    return make


async def cancelled(deeds: Deeds) -> Any:
    made = await deeds.ready()
    await deeds.cancel(made["id"])
    return made


WORLD: list[tuple[str, Callable[[Deeds], Awaitable[Any]]]] = [
    ("DRAFT", draft_without_a_recipient),
    ("DRAFT", draft_without_a_package),
    ("DRAFT", complete_draft),
    ("READY", after()),
    ("READY", after(("LABEL_CREATED", None))),
    ("READY", after(("IN_TRANSIT", 0), packages=2)),
    ("PICKED_UP", after(("PICKED_UP", None))),
    ("IN_TRANSIT", after(("IN_TRANSIT", None))),
    ("OUT_FOR_DELIVERY", after(("OUT_FOR_DELIVERY", None))),
    ("AVAILABLE_FOR_PICKUP", after(("AVAILABLE_FOR_PICKUP", None))),
    ("DELIVERY_ATTEMPTED", after(("DELIVERY_ATTEMPTED", None))),
    ("EXCEPTION", after(("HELD", None))),
    ("PARTIALLY_DELIVERED", after(("IN_TRANSIT", None), ("DELIVERED", 1), packages=2)),
    ("DELIVERED", after(("DELIVERED", None))),
    ("RETURNING", after(("RETURN_STARTED", None))),
    ("RETURNED", after(("RETURNED", None))),
    ("FAILED", after(("LOST", None))),
    ("CANCELLED", cancelled),
    ("CANCELLED", after(("CANCELLED", None))),
]


def test_every_status_is_tried() -> None:
    assert {status for status, _ in WORLD} == set(ShipmentStatus)


async def test_commands_lead_where_allowed_transitions_say_and_nowhere_else(deeds: Deeds) -> None:
    for (status, make), (target, command) in itertools.product(WORLD, COMMANDS.items()):
        id_ = (await make(deeds))["id"]
        before = await deeds.shipment(id_)
        assert before["status"] == status
        payload = await getattr(deeds, command)(id_)
        now = await deeds.shipment(id_)
        if target in before["allowedTransitions"]:
            assert payload["errors"] == []
            assert (now["status"], now["version"]) == (target, before["version"] + 1)
        elif target == status:
            assert payload["errors"] == []
            assert now == before
        else:
            assert payload["errors"] != []
            assert now == before
            for problem in payload["errors"]:
                assert problem["code"] in ("INVALID_TRANSITION", "REQUIRED")
                if problem["code"] == "INVALID_TRANSITION":
                    assert (problem["from"], problem["to"]) == (status, target)
                    assert problem["allowed"] == before["allowedTransitions"]


async def test_an_override_leads_anywhere_but_to_a_draft_from_anything_but_what_was_called_off(deeds: Deeds) -> None:
    for (status, make), target in itertools.product(WORLD[3:], sorted(ShipmentStatus)):
        id_ = (await make(deeds))["id"]
        payload = await deeds.override(id_, target)
        now = await deeds.shipment(id_)
        if status == "CANCELLED" or target in ("DRAFT", "PARTIALLY_DELIVERED"):
            place = "by" if status == "CANCELLED" else "status"
            assert codes(payload) == [("INVALID_TRANSITION", place)]
            anywhere = {*ShipmentStatus} - {"DRAFT", "PARTIALLY_DELIVERED"}
            assert {*payload["errors"][0]["allowed"]} == (set() if status == "CANCELLED" else anywhere)
            assert now["status"] == status
        else:
            assert (payload["errors"], payload["created"]) == ([], False)
            assert now["status"] == target
            assert {package["status"] for package in now["packages"]} == {target}


async def test_confirming_says_all_that_is_missing(deeds: Deeds) -> None:
    made = await deeds.made()
    assert codes(await deeds.confirm(made["id"])) == [("REQUIRED", "by.recipient"), ("REQUIRED", "by.packages")]


async def test_a_draft_cannot_be_overridden(deeds: Deeds) -> None:
    made = await deeds.made()
    payload = await deeds.override(made["id"], "DELIVERED")
    assert codes(payload) == [("INVALID_TRANSITION", "by")]
    assert payload["errors"][0]["allowed"] == ["CANCELLED"]


async def test_what_a_command_did_is_in_the_change_log(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.made(**complete())
    await deeds.confirm(made["id"])
    await deeds.cancel(made["id"], reason=" Changed our mind ")
    await deeds.archive(made["id"])
    await deeds.archive(made["id"])
    await deeds.archive(made["id"], archived=False)
    async with owner.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT op, status_before, status_after, changed FROM change ORDER BY shipment_seq"
        )
        created, confirmed, called_off, archived, unarchived = found.all()
    assert created.op == "shipment.created"
    assert tuple(confirmed)[:3] == ("shipment.confirmed", "DRAFT", "READY")
    assert tuple(called_off)[:3] == ("shipment.cancelled", "READY", "CANCELLED")
    assert called_off.changed == {"status": ["READY", "CANCELLED"], "reason": [None, "Changed our mind"]}
    assert (archived.op, archived.changed["archivedAt"][0]) == ("shipment.archived", None)
    assert (unarchived.op, unarchived.changed["archivedAt"][1]) == ("shipment.unarchived", None)


async def test_an_archived_shipment_lives_on(deeds: Deeds) -> None:
    made = await deeds.ready()
    assert (await deeds.archive(made["id"]))["shipment"]["archivedAt"] is not None
    await deeds.record(event(made["id"], "DELIVERED"))
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["version"]) == ("DELIVERED", 3)
    assert (await deeds.archive(made["id"], archived=False))["shipment"]["archivedAt"] is None


async def test_milestones_follow_commands(deeds: Deeds) -> None:
    made = await deeds.made(**complete())
    ready = (await deeds.confirm(made["id"]))["shipment"]
    assert ready["readyAt"] == ready["statusAt"] > made["createdAt"]
    done = (await deeds.cancel(made["id"]))["shipment"]
    assert done["closedAt"] == done["statusAt"] > ready["readyAt"]
    assert (done["readyAt"], done["phase"]) == (ready["readyAt"], "CLOSED")


async def test_confirming_leaves_packages_where_they_were_seen(deeds: Deeds) -> None:
    made = await deeds.made(**complete(packages=[KILO, KILO]))
    await deeds.record(event(made["packages"][0]["id"], "IN_TRANSIT", "2026-03-01T00:00:00Z"))
    assert (await deeds.shipment(made["id"]))["status"] == "DRAFT"
    ready = (await deeds.confirm(made["id"]))["shipment"]
    assert [package["status"] for package in ready["packages"]] == ["IN_TRANSIT", "READY"]
    assert ready["status"] == "READY"


async def test_what_happened_later_than_a_cancellation_does_not_count_though_it_was_known(deeds: Deeds) -> None:
    made = await deeds.ready()
    ahead = "2999-01-01T00:00:00Z"
    await deeds.record(event(made["id"], "PICKED_UP", ahead), event(made["id"], "LABEL_CREATED"))
    cancelled = (await deeds.cancel(made["id"]))["shipment"]
    assert cancelled["status"] == "CANCELLED"
    await deeds.record(event(made["id"], "INFO", "2026-02-01T00:00:00Z"))  # which folds all of them again
    assert (await deeds.shipment(made["id"]))["status"] == "CANCELLED"


async def test_an_expected_version_guards_every_command(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    await deeds.archive(made["id"])
    before = await trail(owner)
    for payload in (
        await deeds.confirm(made["id"], expectedVersion=1),
        await deeds.cancel(made["id"], expectedVersion=1),
        await deeds.archive(made["id"], expectedVersion=3),
        await deeds.override(made["id"], "DELIVERED", expectedVersion=0),
    ):
        assert codes(payload) == [("VERSION_CONFLICT", "options.expectedVersion")]
        assert payload["errors"][0]["current"] == 2
    assert await trail(owner) == before
    assert (await deeds.cancel(made["id"], expectedVersion=2))["shipment"]["version"] == 3


async def test_a_validated_command_changes_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    made, done = await deeds.made(**complete()), await deeds.ready()
    await deeds.record(event(done["id"]))
    before = await trail(owner)
    for payload in (
        await deeds.confirm(made["id"], validateOnly=True),
        await deeds.cancel(made["id"], validateOnly=True),
        await deeds.archive(made["id"], validateOnly=True),
        await deeds.override(done["id"], "DELIVERED", validateOnly=True),
    ):
        assert (payload["errors"], payload["meta"]["validateOnly"]) == ([], True)
    assert codes(await deeds.cancel(done["id"], validateOnly=True)) == [("INVALID_TRANSITION", "by")]
    assert await trail(owner) == before


async def test_of_commands_at_once_each_sees_what_the_other_did(deeds: Deeds, owner: AsyncEngine) -> None:
    made = [await deeds.made(**complete()) for _ in range(5)]
    both = [act(one["id"]) for one in made for act in (deeds.confirm, deeds.cancel, deeds.cancel)]
    payloads = await asyncio.gather(*both)
    for payload in payloads:
        assert codes(payload) in ([], [("INVALID_TRANSITION", "by")])
    for one in made:
        assert (await deeds.shipment(one["id"]))["status"] == "CANCELLED"
    await versions_hold(owner)


@pytest.mark.parametrize("act", ["confirm", "cancel", "archive"])
async def test_what_is_not_there_is_not_found(deeds: Deeds, act: str) -> None:
    payload = await getattr(deeds, act)("shp_" + "0" * 32)
    assert (codes(payload), payload["shipment"]) == ([("NOT_FOUND", "by")], None)


async def test_an_override_needs_a_reason(deeds: Deeds) -> None:
    made = await deeds.ready()
    assert codes(await deeds.override(made["id"], "DELIVERED", " ")) == [("REQUIRED", "reason")]
    assert codes(await deeds.override(made["id"], "DELIVERED", "x" * 501)) == [("LIMIT_EXCEEDED", "reason")]
