"""Status projection: a return to the shipper, from its start until it ends."""

from itertools import permutations

import pytest

from graphql_app.domain import status_rules
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import NotAppliedReason as NotApplied
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code
from tests.support.projection_events import A, B, EventStore, event, not_applied, override, project, state, status_after

STARTED = event(Code.RETURN_STARTED, 10, reason=Reason.REFUSED)
SCANS = [code for code, status in status_rules.STATUS_OF_CODE.items() if status in status_rules.ACTIVE]


@pytest.mark.parametrize("code", SCANS)
def test_a_scan_during_a_return_keeps_the_shipment_returning(code: Code) -> None:
    after = project(state(), STARTED, event(code, 20)).state
    assert after.status.status is Status.RETURNING
    assert after.status.at == STARTED.occurred_at
    assert status_after(STARTED, event(code, 20), event(Code.DELIVERED, 30)) is Status.RETURNED


def test_a_delivery_during_a_return_is_the_return_to_the_shipper() -> None:
    events = [STARTED, event(Code.OUT_FOR_DELIVERY, 20), event(Code.DELIVERED, 30)]
    for arrival in permutations(events):
        store = EventStore(state(A))
        for recorded in arrival:
            store.record(recorded)
        after = store.state
        assert (after.status.status, after.status.reason) == (Status.RETURNED, Reason.REFUSED)
        assert (after.delivered_at, after.first_attempt_at) == (None, None)
        assert after.closed_at == events[2].occurred_at


def test_a_delivery_attempt_during_a_return_is_no_attempt_at_the_recipient() -> None:
    after = project(state(), STARTED, event(Code.DELIVERY_ATTEMPTED, 20)).state
    assert (after.status.status, after.first_attempt_at) == (Status.RETURNING, None)


def test_an_exception_during_a_return_sets_the_reason() -> None:
    damaged = event(Code.DAMAGED, 20)
    after = project(state(), STARTED, damaged, event(Code.IN_TRANSIT, 30)).state
    assert (after.status.status, after.status.reason) == (Status.RETURNING, Reason.DAMAGED)


def test_a_label_for_the_return_does_not_change_the_status() -> None:
    assert not_applied(STARTED, event(Code.LABEL_CREATED, 20)) is NotApplied.REGRESSION
    assert status_after(STARTED, event(Code.LABEL_CREATED, 20)) is Status.RETURNING


def test_a_delivered_shipment_keeps_its_delivery_time_when_it_is_returned() -> None:
    delivered = event(Code.DELIVERED, 5)
    after = project(state(), delivered, STARTED, event(Code.IN_TRANSIT, 20), event(Code.DELIVERED, 30)).state
    assert (after.status.status, after.delivered_at) == (Status.RETURNED, delivered.occurred_at)


def test_a_redirection_ends_a_return() -> None:
    redirected = event(Code.REDIRECTED, 20)
    assert status_after(STARTED, redirected) is Status.IN_TRANSIT
    assert not_applied(STARTED, redirected) is None
    after = project(state(), STARTED, redirected, event(Code.OUT_FOR_DELIVERY, 30), event(Code.DELIVERED, 40)).state
    assert after.status.status is Status.DELIVERED
    assert after.delivered_at == event(Code.DELIVERED, 40).occurred_at


def test_a_redirection_without_a_return_does_not_change_the_status() -> None:
    for before in (event(Code.OUT_FOR_DELIVERY, 5), event(Code.RETURNED, 5), event(Code.DELIVERED, 5)):
        assert not_applied(before, event(Code.REDIRECTED, 20)) is NotApplied.NOT_STATUS_BEARING


@pytest.mark.parametrize("status", [Status.IN_TRANSIT, Status.EXCEPTION, Status.READY])
def test_an_override_ends_a_return(status: Status) -> None:
    ended = override(status, 20)
    assert status_after(STARTED, ended) is status
    assert status_after(STARTED, ended, event(Code.OUT_FOR_DELIVERY, 30)) is Status.OUT_FOR_DELIVERY
    assert status_after(STARTED, ended, event(Code.DELIVERED, 30)) is Status.DELIVERED


def test_an_override_can_start_a_return() -> None:
    started = override(Status.RETURNING, 10)
    assert status_after(started, event(Code.IN_TRANSIT, 20)) is Status.RETURNING
    assert status_after(started, event(Code.DELIVERED, 20)) is Status.RETURNED


def test_an_event_before_the_return_that_arrives_late_does_not_end_it() -> None:
    store = EventStore(state())
    for recorded in (STARTED, event(Code.ARRIVED_AT_FACILITY, 20), event(Code.OUT_FOR_DELIVERY, 5)):
        store.record(recorded)
    assert store.state.status.status is Status.RETURNING
    store.record(event(Code.DELIVERED, 8))
    assert (store.state.status.status, store.state.delivered_at) == (
        Status.RETURNING,
        event(Code.DELIVERED, 8).occurred_at,
    )


def test_a_package_that_is_lost_and_found_during_a_return_is_still_on_its_way_back() -> None:
    lost, found = event(Code.LOST, 20), event(Code.IN_TRANSIT, 30)
    assert status_after(STARTED, lost) is Status.FAILED
    assert status_after(STARTED, lost, found) is Status.RETURNING
    assert status_after(STARTED, lost, event(Code.DELIVERED, 30)) is Status.RETURNED
    assert status_after(STARTED, override(Status.FAILED, 20), found) is Status.FAILED


def test_only_some_packages_are_returned() -> None:
    returning = event(Code.RETURN_STARTED, 10, B)
    in_transit = event(Code.IN_TRANSIT, 20)
    delivered = event(Code.DELIVERED, 30)
    after = project(state(A, B), returning, in_transit).state
    assert {id_: package.status for id_, package in after.packages.items()} == {
        A: Status.IN_TRANSIT,
        B: Status.RETURNING,
    }
    assert after.status.status is Status.IN_TRANSIT
    after = project(state(A, B), returning, in_transit, delivered).state
    assert {id_: package.status for id_, package in after.packages.items()} == {A: Status.DELIVERED, B: Status.RETURNED}
    assert (after.status.status, after.delivered_at) == (Status.PARTIALLY_DELIVERED, None)
    assert after.first_attempt_at == delivered.occurred_at


def test_the_shipment_is_returned_with_its_last_package() -> None:
    events = [event(Code.RETURN_STARTED, 10), event(Code.DELIVERED, 20, A)]
    assert project(state(A, B), *events).state.status.status is Status.RETURNING
    after = project(state(A, B), *events, event(Code.DELIVERED, 30, B)).state
    assert (after.status.status, after.delivered_at) == (Status.RETURNED, None)
