"""Confirm, cancel, archive, override: they succeed where `allowedTransitions` says so and fail elsewhere."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands.shipments.key import SHIPMENT_NOT_FOUND
from graphql_app.domain.enums import ShipmentStatus
from tests.support.mutation_client import (
    KILO,
    PARIS,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    database_snapshot,
    event,
)

COMMANDS = {"READY": "confirm", "CANCELLED": "cancel"}


async def draft_without_a_recipient(mutations: MutationClient) -> Any:
    """A draft with a package only."""
    return await mutations.created(packages=[KILO])


async def draft_without_a_package(mutations: MutationClient) -> Any:
    """A draft with a recipient only."""
    return await mutations.created(recipient=PARIS)


async def complete_draft(mutations: MutationClient) -> Any:
    """A draft that can be confirmed."""
    return await mutations.created(**complete())


def after(*events: tuple[str, int | None], packages: int = 1) -> Callable[[MutationClient], Awaitable[Any]]:
    """A shipment after some events: of the package with this index, or of the whole shipment (None)."""

    async def make(mutations: MutationClient) -> Any:
        created = await mutations.confirmed(packages)
        for hour, (code, package) in enumerate(events):
            target = created["id"] if package is None else created["packages"][package]["id"]
            await mutations.record(event(target, code, f"2026-03-01T{hour:02}:00:00Z"))
        return created

    return make


async def cancelled(mutations: MutationClient) -> Any:
    """A shipment that was cancelled when it was READY."""
    created = await mutations.confirmed()
    await mutations.cancel(created["id"])
    return created


SHIPMENTS_BY_STATUS: list[tuple[str, Callable[[MutationClient], Awaitable[Any]]]] = [
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


def test_every_status_is_covered() -> None:
    assert {status for status, _ in SHIPMENTS_BY_STATUS} == set(ShipmentStatus)


async def test_commands_allow_exactly_the_allowed_transitions(mutations: MutationClient) -> None:
    for (status, make), (target, command) in itertools.product(SHIPMENTS_BY_STATUS, COMMANDS.items()):
        id_ = (await make(mutations))["id"]
        before = await mutations.shipment(id_)
        assert before["status"] == status
        payload = await getattr(mutations, command)(id_)
        now = await mutations.shipment(id_)
        if target in before["allowedTransitions"]:
            assert payload["errors"] == []
            assert (now["status"], now["version"]) == (target, before["version"] + 1)
        elif target == status:
            assert payload["errors"] == []
            assert now == before
        else:
            assert payload["errors"] != []
            assert now == before
            for error in payload["errors"]:
                assert error["code"] in ("INVALID_TRANSITION", "REQUIRED")
                if error["code"] == "INVALID_TRANSITION":
                    assert (error["from"], error["to"]) == (status, target)
                    assert error["allowed"] == before["allowedTransitions"]


async def test_an_override_sets_any_status_except_draft_and_partial_delivery_unless_cancelled(
    mutations: MutationClient,
) -> None:
    for (status, make), target in itertools.product(SHIPMENTS_BY_STATUS[3:], sorted(ShipmentStatus)):
        id_ = (await make(mutations))["id"]
        payload = await mutations.override(id_, target)
        now = await mutations.shipment(id_)
        if status == "CANCELLED" or target in ("DRAFT", "PARTIALLY_DELIVERED"):
            path = "by" if status == "CANCELLED" else "status"
            assert codes(payload) == [("INVALID_TRANSITION", path)]
            all_targets = {*ShipmentStatus} - {"DRAFT", "PARTIALLY_DELIVERED"}
            assert {*payload["errors"][0]["allowed"]} == (set() if status == "CANCELLED" else all_targets)
            assert now["status"] == status
        else:
            assert (payload["errors"], payload["created"]) == ([], False)
            assert now["status"] == target
            assert {package["status"] for package in now["packages"]} == {target}


async def test_confirm_reports_everything_that_is_missing(mutations: MutationClient) -> None:
    created = await mutations.created()
    assert codes(await mutations.confirm(created["id"])) == [("REQUIRED", "by.recipient"), ("REQUIRED", "by.packages")]


async def test_a_draft_cannot_be_overridden(mutations: MutationClient) -> None:
    created = await mutations.created()
    payload = await mutations.override(created["id"], "DELIVERED")
    assert codes(payload) == [("INVALID_TRANSITION", "by")]
    assert payload["errors"][0]["allowed"] == ["CANCELLED"]


async def test_each_command_is_in_the_change_log(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.created(**complete())
    await mutations.confirm(created["id"])
    await mutations.cancel(created["id"], reason=" Changed our mind ")
    await mutations.archive(created["id"])
    await mutations.archive(created["id"])
    await mutations.archive(created["id"], archived=False)
    async with owner.connect() as connection:
        result = await connection.exec_driver_sql(
            "SELECT op, status_before, status_after, changed FROM change ORDER BY shipment_seq"
        )
        creation, confirmation, cancellation, archiving, unarchiving = result.all()
    assert creation.op == "shipment.created"
    assert tuple(confirmation)[:3] == ("shipment.confirmed", "DRAFT", "READY")
    assert tuple(cancellation)[:3] == ("shipment.cancelled", "READY", "CANCELLED")
    assert cancellation.changed == {"status": ["READY", "CANCELLED"], "reason": [None, "Changed our mind"]}
    assert (archiving.op, archiving.changed["archivedAt"][0]) == ("shipment.archived", None)
    assert (unarchiving.op, unarchiving.changed["archivedAt"][1]) == ("shipment.unarchived", None)


async def test_an_archived_shipment_still_receives_events(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    assert (await mutations.archive(created["id"]))["shipment"]["archivedAt"] is not None
    await mutations.record(event(created["id"], "DELIVERED"))
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["version"]) == ("DELIVERED", 3)
    assert (await mutations.archive(created["id"], archived=False))["shipment"]["archivedAt"] is None


async def test_milestones_follow_commands(mutations: MutationClient) -> None:
    created = await mutations.created(**complete())
    ready = (await mutations.confirm(created["id"]))["shipment"]
    assert ready["readyAt"] == ready["statusAt"] > created["createdAt"]
    closed = (await mutations.cancel(created["id"]))["shipment"]
    assert closed["closedAt"] == closed["statusAt"] > ready["readyAt"]
    assert (closed["readyAt"], closed["phase"]) == (ready["readyAt"], "CLOSED")


async def test_confirm_keeps_the_status_that_events_gave_packages(mutations: MutationClient) -> None:
    created = await mutations.created(**complete(packages=[KILO, KILO]))
    await mutations.record(event(created["packages"][0]["id"], "IN_TRANSIT", "2026-03-01T00:00:00Z"))
    assert (await mutations.shipment(created["id"]))["status"] == "DRAFT"
    ready = (await mutations.confirm(created["id"]))["shipment"]
    assert [package["status"] for package in ready["packages"]] == ["IN_TRANSIT", "READY"]
    assert ready["status"] == "READY"


async def test_a_future_event_does_not_reopen_a_cancelled_shipment(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    future = "2999-01-01T00:00:00Z"
    await mutations.record(event(created["id"], "PICKED_UP", future), event(created["id"], "LABEL_CREATED"))
    cancelled = (await mutations.cancel(created["id"]))["shipment"]
    assert cancelled["status"] == "CANCELLED"
    await mutations.record(event(created["id"], "INFO", "2026-02-01T00:00:00Z"))  # a late event: all are replayed
    assert (await mutations.shipment(created["id"]))["status"] == "CANCELLED"


async def test_every_command_checks_the_expected_version(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.confirmed()
    await mutations.archive(created["id"])
    before = await database_snapshot(owner)
    for payload in (
        await mutations.confirm(created["id"], expectedVersion=1),
        await mutations.cancel(created["id"], expectedVersion=1),
        await mutations.archive(created["id"], expectedVersion=3),
        await mutations.override(created["id"], "DELIVERED", expectedVersion=0),
    ):
        assert codes(payload) == [("VERSION_CONFLICT", "options.expectedVersion")]
        assert payload["errors"][0]["current"] == 2
    assert await database_snapshot(owner) == before
    assert (await mutations.cancel(created["id"], expectedVersion=2))["shipment"]["version"] == 3


async def test_validate_only_commands_change_nothing(mutations: MutationClient, owner: AsyncEngine) -> None:
    created, in_transit = await mutations.created(**complete()), await mutations.confirmed()
    await mutations.record(event(in_transit["id"]))
    before = await database_snapshot(owner)
    for payload in (
        await mutations.confirm(created["id"], validateOnly=True),
        await mutations.cancel(created["id"], validateOnly=True),
        await mutations.archive(created["id"], validateOnly=True),
        await mutations.override(in_transit["id"], "DELIVERED", validateOnly=True),
    ):
        assert (payload["errors"], payload["meta"]["validateOnly"]) == ([], True)
    assert codes(await mutations.cancel(in_transit["id"], validateOnly=True)) == [("INVALID_TRANSITION", "by")]
    assert await database_snapshot(owner) == before


async def test_concurrent_commands_see_the_result_of_each_other(mutations: MutationClient, owner: AsyncEngine) -> None:
    drafts = [await mutations.created(**complete()) for _ in range(5)]
    commands = [
        command(draft["id"]) for draft in drafts for command in (mutations.confirm, mutations.cancel, mutations.cancel)
    ]
    payloads = await asyncio.gather(*commands)
    for payload in payloads:
        assert codes(payload) in ([], [("INVALID_TRANSITION", "by")])
    for draft in drafts:
        assert (await mutations.shipment(draft["id"]))["status"] == "CANCELLED"
    await assert_versions_match_changes(owner)


@pytest.mark.parametrize("command", ["confirm", "cancel", "archive"])
async def test_an_unknown_shipment_returns_not_found(mutations: MutationClient, command: str) -> None:
    payload = await getattr(mutations, command)("shp_" + "0" * 32)
    assert (codes(payload), payload["shipment"]) == ([("NOT_FOUND", "by")], None)
    assert payload["errors"][0]["message"] == SHIPMENT_NOT_FOUND


async def test_an_override_requires_a_reason(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    assert codes(await mutations.override(created["id"], "DELIVERED", " ")) == [("REQUIRED", "reason")]
    assert codes(await mutations.override(created["id"], "DELIVERED", "x" * 501)) == [("LIMIT_EXCEEDED", "reason")]
