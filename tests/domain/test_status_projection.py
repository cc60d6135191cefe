"""Status projection: which events change the status, and when they occurred."""

import pytest

from graphql_app.domain import status_rules
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import NotAppliedReason as NotApplied
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import StatusSource as Source
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.projection_state import PackageStatus, ProjectionEvent
from tests.support.projection_events import (
    BOOKED,
    A,
    B,
    EventStore,
    event,
    not_applied,
    override,
    project,
    state,
    status_after,
)


def closing(code: Code) -> ProjectionEvent:
    return event(code, 10)


REOPENING_CODES = [
    (closing(Code.DELIVERED), {Code.RETURN_STARTED, Code.RETURNED, Code.DAMAGED}),
    (closing(Code.RETURNED), set()),
    (closing(Code.DESTROYED), set()),
    (closing(Code.CANCELLED), set()),
    (
        closing(Code.LOST),
        set(status_rules.STATUS_OF_CODE) - {Code.LABEL_CREATED, Code.INFO_RECEIVED, Code.LOST, Code.CANCELLED},
    ),
]


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize(("final", "reopening"), REOPENING_CODES, ids=[final.code for final, _ in REOPENING_CODES])
def test_only_some_events_change_a_final_status(final: ProjectionEvent, reopening: set[Code], code: Code) -> None:
    after = event(code, 20)
    reported = status_rules.STATUS_OF_CODE.get(code)
    if code in reopening:
        expected = None
    elif reported is None:
        expected = NotApplied.NOT_STATUS_BEARING
    else:
        expected = NotApplied.SUPERSEDED if reported is final.status else NotApplied.AFTER_TERMINAL
    assert not_applied(final, after) is expected
    assert status_after(final, after) is (reported if code in reopening else final.status)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DRAFT])
@pytest.mark.parametrize("final", [final for final, _ in REOPENING_CODES], ids=lambda event: event.code)
def test_an_override_can_change_every_final_status(final: ProjectionEvent, status: Status) -> None:
    result = project(state(A, B), final, override(status, 20)).state
    assert result.status.status is status
    assert result.source is Source.OVERRIDE


def test_a_scan_after_delivery_does_not_change_the_status() -> None:
    delivered, late = event(Code.DELIVERED, 30), event(Code.ARRIVED_AT_FACILITY, 31)
    assert status_after(delivered, late) is Status.DELIVERED
    assert not_applied(delivered, late) is NotApplied.AFTER_TERMINAL


def test_an_earlier_scan_that_arrives_late_is_applied_before_the_delivery() -> None:
    store = EventStore(state())
    delivered, old = event(Code.DELIVERED, 30), event(Code.OUT_FOR_DELIVERY, 28)
    store.record(delivered)
    store.record(old)
    assert store.state.status == PackageStatus(Status.DELIVERED, delivered.occurred_at, delivered.id)
    assert store.not_applied == {old.id: None, delivered.id: None}


def test_a_second_delivery_attempt_returns_to_out_for_delivery() -> None:
    """If only the rank counted, the package would keep DELIVERY_ATTEMPTED."""
    events = [event(Code.OUT_FOR_DELIVERY, 24), event(Code.DELIVERY_ATTEMPTED, 30), event(Code.OUT_FOR_DELIVERY, 48)]
    assert status_after(*events) is Status.OUT_FOR_DELIVERY
    assert status_after(*events, event(Code.DELIVERED, 50)) is Status.DELIVERED


def test_a_delay_does_not_change_the_status() -> None:
    events = event(Code.IN_TRANSIT, 5), event(Code.DELAYED, 6, reason=Reason.WEATHER)
    assert status_after(*events) is Status.IN_TRANSIT
    assert not_applied(*events) is NotApplied.NOT_STATUS_BEARING


def test_a_label_event_does_not_move_a_picked_up_package_back_to_planning() -> None:
    assert not_applied(event(Code.PICKED_UP, 1), event(Code.LABEL_CREATED, 2)) is NotApplied.REGRESSION


def test_a_lost_package_can_be_found_but_not_after_it_was_destroyed() -> None:
    lost, found, destroyed = event(Code.LOST, 10), event(Code.IN_TRANSIT, 20), event(Code.DESTROYED, 15)
    assert status_after(lost, found) is Status.IN_TRANSIT
    result = project(state(), lost, destroyed, found)
    assert result.state.status == PackageStatus(Status.FAILED, lost.occurred_at, destroyed.id, None)
    assert result.not_applied[found.id] is NotApplied.AFTER_TERMINAL


@pytest.mark.parametrize(("hours", "expected"), [(24, None), (24.001, NotApplied.FUTURE)])
def test_an_event_more_than_24_hours_ahead_is_kept_and_not_applied(hours: float, expected: NotApplied | None) -> None:
    early = event(Code.DELIVERED, hours, recorded_at=BOOKED, estimated_delivery_at=BOOKED)
    result = project(state(), early)
    assert result.not_applied == {early.id: expected}
    assert (result.state == state()) == (expected is NotApplied.FUTURE)


class TestDateOnlyEvents:
    """An event with only a date sorts at 23:59:59; a more advanced exact scan of that day takes precedence."""

    end_of_day = 15 + 59 / 60 + 59 / 3600

    def dated(self, code: Code, days: int = 0) -> ProjectionEvent:
        return event(code, self.end_of_day + 24 * days, date_only=True)

    def test_a_further_exact_scan_takes_precedence(self) -> None:
        exact, dated = event(Code.OUT_FOR_DELIVERY, 3), self.dated(Code.PICKED_UP)
        assert status_after(exact, dated) is Status.OUT_FOR_DELIVERY
        assert not_applied(exact, dated) is NotApplied.SUPERSEDED

    def test_a_further_date_only_event_is_applied(self) -> None:
        exact, dated = event(Code.OUT_FOR_DELIVERY, 3), self.dated(Code.DELIVERED)
        assert status_after(exact, dated) is Status.DELIVERED

    def test_a_scan_of_the_day_before_takes_no_precedence(self) -> None:
        exact, dated = event(Code.OUT_FOR_DELIVERY, 3), self.dated(Code.IN_TRANSIT, 1)
        assert status_after(exact, dated) is Status.IN_TRANSIT

    def test_the_delivery_time_is_that_of_the_exact_event(self) -> None:
        exact, dated = event(Code.DELIVERED, 3), self.dated(Code.DELIVERED)
        assert project(state(), dated, exact).state.delivered_at == exact.occurred_at
