"""Status projection: the status of a shipment rolled up from its packages, milestones and overrides."""

from datetime import timedelta

import pytest

from graphql_app.domain import status_projection
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import StatusSource as Source
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.projection_state import PackageStatus, ShipmentState
from tests.support.projection_events import BOOKED, A, B, EventStore, event, override, project, state


def packages_with(*statuses: Status) -> list[PackageStatus]:
    return [PackageStatus(status, BOOKED) for status in statuses]


@pytest.mark.parametrize(
    ("packages", "shipment"),
    [
        ("DELIVERED DELIVERED", "DELIVERED"),
        ("CANCELLED CANCELLED", "CANCELLED"),
        ("RETURNED RETURNED", "RETURNED"),
        ("DELIVERED IN_TRANSIT", "PARTIALLY_DELIVERED"),
        ("DELIVERED FAILED", "PARTIALLY_DELIVERED"),
        ("DELIVERED EXCEPTION IN_TRANSIT", "PARTIALLY_DELIVERED"),
        ("EXCEPTION OUT_FOR_DELIVERY", "EXCEPTION"),
        ("EXCEPTION READY", "EXCEPTION"),
        ("READY OUT_FOR_DELIVERY", "READY"),
        ("IN_TRANSIT OUT_FOR_DELIVERY DELIVERY_ATTEMPTED", "IN_TRANSIT"),
        ("RETURNING RETURNED", "RETURNING"),
        ("RETURNED FAILED", "RETURNED"),
        ("CANCELLED IN_TRANSIT", "IN_TRANSIT"),
    ],
)
def test_the_shipment_status_is_rolled_up_from_the_packages(packages: str, shipment: str) -> None:
    for order in (packages.split(), packages.split()[::-1]):
        assert status_projection.roll_up(packages_with(*map(Status, order))) is Status(shipment)


def test_an_event_of_the_whole_shipment_is_applied_to_every_package_that_it_can_move() -> None:
    package_event, shipment_event = event(Code.DELIVERED, 10, A), event(Code.OUT_FOR_DELIVERY, 20)
    result = project(state(A, B), package_event, shipment_event)
    assert {package_id: package.status for package_id, package in result.state.packages.items()} == {
        A: Status.DELIVERED,
        B: Status.OUT_FOR_DELIVERY,
    }
    assert result.state.status.status is Status.PARTIALLY_DELIVERED
    assert result.not_applied[shipment_event.id] is None


def test_a_shipment_is_delivered_with_its_last_package() -> None:
    first, second = event(Code.DELIVERED, 10, B), event(Code.DELIVERED, 30, A)
    partial, complete = project(state(A, B), first).state, project(state(A, B), first, second).state
    assert (partial.status.status, partial.delivered_at, partial.closed_at) == (Status.PARTIALLY_DELIVERED, None, None)
    assert complete.status == PackageStatus(Status.DELIVERED, second.occurred_at, second.id)
    assert complete.delivered_at == complete.closed_at == second.occurred_at
    assert complete.first_attempt_at == first.occurred_at


def test_a_partially_delivered_shipment_has_the_exception_reason_of_the_other_package() -> None:
    events = event(Code.DELIVERED, 10, A), event(Code.HELD, 5, B, reason=Reason.CUSTOMS_DOCUMENTS)
    after = project(state(A, B), *events).state
    assert (after.status.status, after.status.reason) == (Status.PARTIALLY_DELIVERED, Reason.CUSTOMS_DOCUMENTS)


def test_milestones_are_the_times_of_the_first_matching_events() -> None:
    events = [
        event(Code.INFO_RECEIVED, -2),
        event(Code.ARRIVED_AT_FACILITY, 4),
        event(Code.DEPARTED_FACILITY, 6, estimated_delivery_at=BOOKED + timedelta(days=2)),
        event(Code.DELIVERY_ATTEMPTED, 26, reason=Reason.RECIPIENT_ABSENT),
        event(Code.INFO, 27, estimated_delivery_at=BOOKED + timedelta(days=3)),
        event(Code.DELIVERED, 50),
        event(Code.INFO, 60),
    ]
    after = project(state(A), *events).state
    assert after == ShipmentState(
        status=PackageStatus(Status.DELIVERED, events[5].occurred_at, events[5].id),
        source=Source.PROJECTION,
        packages={A: PackageStatus(Status.DELIVERED, events[5].occurred_at, events[5].id)},
        ready_at=events[0].occurred_at,
        picked_up_at=events[1].occurred_at,
        first_attempt_at=events[3].occurred_at,
        delivered_at=events[5].occurred_at,
        closed_at=events[5].occurred_at,
        last_event_at=events[6].occurred_at,
        last_order_at=events[6].occurred_at,
        estimated_delivery_at=BOOKED + timedelta(days=3),
    )
    attempted = project(state(A), *events[:5]).state
    assert attempted.status == PackageStatus(
        Status.DELIVERY_ATTEMPTED, events[3].occurred_at, events[3].id, Reason.RECIPIENT_ABSENT
    )  # fmt: skip
    in_transit = project(state(A), *events[:3]).state
    assert in_transit.status == PackageStatus(Status.IN_TRANSIT, events[1].occurred_at, events[2].id)


def test_an_event_before_the_booking_makes_ready_at_earlier() -> None:
    first, second = event(Code.INFO_RECEIVED, -48), event(Code.LABEL_CREATED, -24)
    for after in (project(state(A), first, second).state, project(state(), second, first).state):
        assert after.status == PackageStatus(Status.READY, first.occurred_at, second.id)
        assert after.ready_at == first.occurred_at


def test_a_return_clears_closed_at_and_keeps_delivered_at() -> None:
    delivered, returning = event(Code.DELIVERED, 10), event(Code.RETURN_STARTED, 20)
    after = project(state(), delivered, returning).state
    assert (after.closed_at, after.delivered_at) == (None, delivered.occurred_at)


def test_an_override_after_a_delivery_clears_delivered_at() -> None:
    events = [event(Code.PICKED_UP, 1), event(Code.DELIVERED, 10), override(Status.IN_TRANSIT, 20)]
    overridden = project(state(), *events).state
    assert (overridden.delivered_at, overridden.picked_up_at) == (None, events[0].occurred_at)
    again = event(Code.DELIVERED, 30)
    assert project(state(), *events, again).state.delivered_at == again.occurred_at
    planned = project(state(), *events, override(Status.READY, 25)).state
    assert (planned.picked_up_at, planned.first_attempt_at, planned.delivered_at) == (None, None, None)


def test_an_override_to_delivered_keeps_delivered_at() -> None:
    delivered, confirmed = event(Code.DELIVERED, 10), override(Status.DELIVERED, 20)
    after = project(state(), delivered, confirmed).state
    assert (after.delivered_at, after.closed_at, after.status.at) == (delivered.occurred_at,) * 3
    assert (after.status.event_id, after.source) == (confirmed.id, Source.OVERRIDE)


def test_an_override_outlasts_earlier_and_later_events_until_it_is_voided() -> None:
    store = EventStore(state())
    failed = override(Status.FAILED, 20)
    for recorded in (failed, event(Code.OUT_FOR_DELIVERY, 10), event(Code.DELIVERED, 30)):
        store.record(recorded)
    assert (store.state.status.status, store.state.source) == (Status.FAILED, Source.OVERRIDE)
    store.void(failed.id)
    assert (store.state.status.status, store.state.source) == (Status.DELIVERED, Source.PROJECTION)


def test_the_status_source_is_that_of_the_deciding_event() -> None:
    scan = event(Code.PICKED_UP, 5, A)
    waiting = project(state(A, B), scan).state
    assert (waiting.status.status, waiting.status.event_id, waiting.source) == (Status.READY, None, Source.COMMAND)
    stopped, moving = override(Status.EXCEPTION, 10), event(Code.IN_TRANSIT, 20, A)
    after = project(state(A, B), scan, stopped, moving).state
    assert (after.status.event_id, after.source) == (stopped.id, Source.OVERRIDE)
    overtaking = project(state(A, B), scan, event(Code.OUT_FOR_DELIVERY, 6, B)).state
    assert (overtaking.status.event_id, overtaking.source) == (scan.id, Source.PROJECTION)
