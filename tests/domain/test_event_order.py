"""The order of events whose times are known with different precision."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_app.domain import status_projection
from graphql_app.domain.enums import NotAppliedReason as NotApplied
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TimePrecision
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.event_order import OccurrenceTime, TimeOrder, compare
from graphql_app.domain.projection_state import ProjectionEvent
from tests.support.projection_events import A, B, EventStore, event, not_applied, override, project, state, status_after

DAY = date(2026, 11, 25)
RECORDED = datetime(2026, 12, 24, tzinfo=UTC)
OFFSETS = [-12.0, -11, -8, -5, -3.5, 0, 1, 5.75, 9, 13, 14]


def exact(code: Code, hour: float, offset: float, days: int = 0) -> ProjectionEvent:
    """A scan on DAY at this local hour at a place with this UTC offset in hours."""
    local = datetime.combine(DAY, time()) + timedelta(days=days, hours=hour)
    at = local.replace(tzinfo=timezone(timedelta(hours=offset))).astimezone(UTC)
    return replace(event(code, hour + 100 * days + 1000 * offset), occurred_at=at, local=local, recorded_at=RECORDED)


def unzoned(code: Code, hour: float, days: int = 0) -> ProjectionEvent:
    """A scan on DAY at this local hour, in an unknown time zone."""
    return replace(exact(code, hour, 0, days), precision=TimePrecision.LOCAL)


def dated(code: Code, days: int = 0) -> ProjectionEvent:
    """An event on DAY without a time."""
    precise = exact(code, 23 + 59 / 60 + 59 / 3600, 0, days)
    return replace(precise, precision=TimePrecision.DATE_ONLY, local=None)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("hour", [0.0, 8, 12, 20, 23.5])
class TestDatesAndScans:
    """The outcome for a date and a scan depends on the local day of the scan, never on its offset."""

    def test_a_date_of_the_same_local_day_with_less_progress_is_superseded(self, hour: float, offset: float) -> None:
        scan, date_only = exact(Code.OUT_FOR_DELIVERY, hour, offset), dated(Code.ARRIVED_AT_FACILITY)
        assert status_after(scan, date_only) is Status.OUT_FOR_DELIVERY

    def test_a_date_of_the_same_local_day_with_more_progress_decides(self, hour: float, offset: float) -> None:
        for code in (Code.DELIVERY_ATTEMPTED, Code.DELIVERED):
            result = project(state(A), exact(Code.OUT_FOR_DELIVERY, hour, offset), dated(code)).state
            assert result.status.status is dated(code).status

    def test_an_earlier_date_does_not_replace_the_status(self, hour: float, offset: float) -> None:
        scan = exact(Code.OUT_FOR_DELIVERY, hour, offset)
        for code in (Code.ARRIVED_AT_FACILITY, Code.DELIVERY_ATTEMPTED, Code.LOST, Code.DAMAGED):
            assert status_after(scan, dated(code, -1)) is Status.OUT_FOR_DELIVERY

    def test_an_earlier_final_date_keeps_later_scans_from_changing_it(self, hour: float, offset: float) -> None:
        scan = exact(Code.OUT_FOR_DELIVERY, hour, offset)
        for code, status in (
            (Code.DELIVERED, Status.DELIVERED),
            (Code.DESTROYED, Status.FAILED),
            (Code.RETURN_STARTED, Status.RETURNING),
        ):
            assert status_after(scan, dated(code, -1)) is status

    def test_a_delivery_before_the_start_of_a_return_does_not_end_it(self, hour: float, offset: float) -> None:
        scan = exact(Code.RETURN_STARTED, hour, offset)
        assert status_after(scan, dated(Code.DELIVERED, -1)) is Status.RETURNING

    def test_a_later_date_decides(self, hour: float, offset: float) -> None:
        scan = exact(Code.OUT_FOR_DELIVERY, hour, offset)
        assert status_after(scan, dated(Code.ARRIVED_AT_FACILITY, 1)) is Status.IN_TRANSIT


@pytest.mark.parametrize("offset", OFFSETS)
class TestLocalTimesAndScans:
    """A local time of unknown zone is compared with a scan on the local clock of that scan."""

    def test_an_earlier_local_time_does_not_replace_the_status(self, offset: float) -> None:
        scan, local = exact(Code.OUT_FOR_DELIVERY, 8, offset), unzoned(Code.ARRIVED_AT_FACILITY, 7)
        assert status_after(scan, local) is Status.OUT_FOR_DELIVERY

    def test_a_later_local_time_decides(self, offset: float) -> None:
        scan, local = exact(Code.OUT_FOR_DELIVERY, 8, offset), unzoned(Code.ARRIVED_AT_FACILITY, 17)
        assert status_after(scan, local) is Status.IN_TRANSIT

    def test_a_date_with_less_progress_than_a_local_time_of_that_day_is_superseded(self, offset: float) -> None:
        local, date_only = unzoned(Code.OUT_FOR_DELIVERY, 8), dated(Code.ARRIVED_AT_FACILITY)
        assert status_after(local, date_only) is Status.OUT_FOR_DELIVERY
        assert not_applied(local, date_only) is NotApplied.SUPERSEDED


class TestOverrides:
    """An override has no local day: it follows every event without offset that was recorded before it."""

    set_at = datetime(2026, 11, 25, 10, tzinfo=UTC)

    def overridden(self, status: Status) -> ProjectionEvent:
        return replace(override(status, 1), occurred_at=self.set_at, recorded_at=self.set_at)

    def recorded(self, event: ProjectionEvent, minutes: int) -> ProjectionEvent:
        """The event, recorded this many minutes after the override."""
        return replace(event, recorded_at=self.set_at + timedelta(minutes=minutes))

    @pytest.mark.parametrize("code", [Code.OUT_FOR_DELIVERY, Code.DELIVERED, Code.RETURN_STARTED, Code.LOST])
    def test_an_override_outlasts_dates_recorded_before_it(self, code: Code) -> None:
        today = self.recorded(dated(code), -5)
        for status in (Status.IN_TRANSIT, Status.DELIVERED, Status.FAILED):
            assert status_after(today, self.overridden(status)) is status

    def test_a_date_recorded_after_an_override_decides_if_it_is_later_or_shows_more_progress(self) -> None:
        overridden = self.overridden(Status.OUT_FOR_DELIVERY)
        for code, days, status in (
            (Code.DELIVERED, 0, Status.DELIVERED),
            (Code.ARRIVED_AT_FACILITY, 0, Status.OUT_FOR_DELIVERY),
            (Code.ARRIVED_AT_FACILITY, 1, Status.OUT_FOR_DELIVERY),
            (Code.ARRIVED_AT_FACILITY, 2, Status.IN_TRANSIT),
        ):
            assert status_after(overridden, self.recorded(dated(code, days), 60 * 48)) is status

    def test_the_time_of_an_override_is_never_in_the_future(self) -> None:
        ahead = replace(self.overridden(Status.DELIVERED), recorded_at=self.set_at - timedelta(hours=3))
        after = project(state(A), ahead).state
        assert after.delivered_at == after.status.at == after.closed_at == ahead.recorded_at


@pytest.mark.parametrize("report", [dated(Code.DELIVERED), unzoned(Code.DELIVERED, 22)])
def test_no_milestone_is_later_than_the_recording_of_a_time_without_offset(report: ProjectionEvent) -> None:
    for recorded_at in (datetime(2026, 11, 24, 23, tzinfo=UTC), datetime(2026, 11, 25, 8, tzinfo=UTC)):
        result = project(state(A), replace(report, recorded_at=recorded_at))
        after = result.state
        assert result.not_applied == {report.id: None}
        assert after.delivered_at == after.closed_at == after.status.at == after.last_event_at == recorded_at
        assert after.picked_up_at == after.first_attempt_at == recorded_at


@pytest.mark.parametrize(
    ("hours", "expected"), [(-24, None), (0, None), (14, None), (24, None), (24.01, NotApplied.FUTURE)]
)
def test_a_date_is_in_the_future_if_its_day_starts_more_than_24_hours_later(
    hours: float, expected: NotApplied | None
) -> None:
    midnight = datetime.combine(DAY, time(), UTC)
    assert not_applied(replace(dated(Code.DELIVERED), recorded_at=midnight - timedelta(hours=hours))) is expected


MIXED = st.one_of(
    st.builds(
        exact,
        st.sampled_from(list(Code)),
        st.integers(0, 47).map(lambda half: half / 2),
        st.sampled_from(OFFSETS),
        st.integers(-2, 2),
    ),
    st.builds(unzoned, st.sampled_from(list(Code)), st.integers(0, 47).map(lambda half: half / 2), st.integers(-2, 2)),
    st.builds(dated, st.sampled_from(list(Code)), st.integers(-2, 2)),
    st.builds(
        lambda status, hours: replace(override(status, hours), recorded_at=RECORDED),
        st.sampled_from([Status.IN_TRANSIT, Status.RETURNING, Status.DELIVERED]),
        st.integers(0, 100).map(float),
    ),
)
MIXES = st.lists(
    st.builds(lambda event, package: replace(event, package_id=package), MIXED, st.sampled_from([None, A, B])),
    max_size=9,
    unique_by=lambda event: event.id,
)


@settings(deadline=None, max_examples=500)
@given(st.lists(MIXED, min_size=3, max_size=3, unique_by=lambda event: event.id))
def test_the_order_is_total_and_transitive(events: list[ProjectionEvent]) -> None:
    for first, second, third in permutations(events):
        assert (first.order < second.order) != (second.order < first.order)
        if first.order < second.order < third.order:
            assert first.order < third.order


@settings(deadline=None, max_examples=500)
@given(MIXES, st.data())
def test_the_result_does_not_depend_on_the_order_of_arrival(events: list[ProjectionEvent], data: st.DataObject) -> None:
    base = state(A, B)
    store = EventStore(base)
    for arrival in data.draw(st.permutations(events)):
        store.record(arrival)
    expected = status_projection.replay(base, events)
    assert (store.state, store.not_applied) == (expected.state, expected.not_applied)


@settings(deadline=None, max_examples=500)
@given(MIXES)
def test_instants_are_applied_in_their_order_whatever_their_offsets(events: list[ProjectionEvent]) -> None:
    instants = [event.occurred_at for event in sorted(events, key=lambda event: event.order) if event.time.has_offset]
    assert instants == sorted(instants)


def test_times_are_compared_on_the_local_clock_of_the_scan() -> None:
    scan = OccurrenceTime(
        datetime(2026, 11, 24, 23, tzinfo=UTC), RECORDED, TimePrecision.ZONE_ASSUMED, datetime(2026, 11, 25, 8)
    )
    for days, order in ((-1, TimeOrder.BEFORE), (0, TimeOrder.UNKNOWN), (1, TimeOrder.AFTER)):
        assert compare(dated(Code.INFO, days).time, scan) is order
    assert compare(unzoned(Code.INFO, 7.5).time, scan) is TimeOrder.BEFORE
    assert compare(unzoned(Code.INFO, 8).time, scan) is TimeOrder.AFTER
    assert compare(exact(Code.INFO, 7, 9).time, scan) is TimeOrder.AFTER, "two instants are in the order of their keys"
