"""Status projection: the result never depends on the order in which events arrive."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_app.domain import status_projection, status_rules
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import StatusSource as Source
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.projection_state import ProjectionEvent, ShipmentState
from tests.support.projection_events import (
    BOOKED,
    A,
    B,
    C,
    EventStore,
    event,
    override,
    project,
    state,
)

REPORTS = st.builds(
    event,
    st.sampled_from(list(Code)),
    st.one_of(st.integers(0, 12).map(lambda quarters: quarters / 4), st.integers(0, 300).map(float)),
    st.sampled_from([None, A, B, C]),
    reason=st.sampled_from([None, Reason.LOST, Reason.DAMAGED, Reason.WEATHER]),
    date_only=st.booleans(),
    estimated_delivery_at=st.sampled_from([None, BOOKED + timedelta(days=3), BOOKED + timedelta(days=5)]),
    recorded_at=st.sampled_from([BOOKED + timedelta(days=2), BOOKED + timedelta(days=30)]),
)
OVERRIDES = st.builds(
    override,
    st.sampled_from([status for status in Status if status is not Status.DRAFT]),
    st.integers(0, 300).map(float),
)
HISTORIES = st.lists(
    st.one_of(REPORTS, REPORTS, REPORTS, OVERRIDES),
    max_size=14,
    unique_by=lambda event: (event.occurred_at, event.package_id, event.code, event.override),
)
"""Equal reports of the same package are one event, as with the deduplication key."""
BASES = st.builds(
    lambda packages, status: state(*packages, status=status),
    st.sampled_from([(), (A,), (A, B, C)]),
    st.sampled_from([Status.DRAFT, Status.READY]),
)
MANY_EXAMPLES = settings(deadline=None, max_examples=300)


def about_packages_of(base: ShipmentState, events: Iterable[ProjectionEvent]) -> list[ProjectionEvent]:
    """The events whose package belongs to the shipment."""
    return [event for event in events if event.package_id is None or event.package_id in base.packages]


@MANY_EXAMPLES
@given(BASES, HISTORIES, st.data())
def test_the_result_does_not_depend_on_the_order_of_arrival_duplicates_or_when_events_are_voided(
    base: ShipmentState, events: list[ProjectionEvent], data: st.DataObject
) -> None:
    events = about_packages_of(base, events)
    voided = data.draw(st.sets(st.sampled_from(events)) if events else st.just(set()))
    results = []
    for _ in range(2):
        arrivals = data.draw(st.permutations(events + (events[:3] if events else [])))
        store = EventStore(base)
        for arrival in arrivals:
            store.record(arrival)
        for voided_event in sorted(voided, key=lambda event: event.id):
            store.void(voided_event.id)
        results.append((store.state, store.not_applied))
    expected = status_projection.replay(base, [event for event in events if event not in voided])
    assert results[0] == results[1] == (expected.state, expected.not_applied)


@MANY_EXAMPLES
@given(BASES, HISTORIES)
def test_events_in_order_of_occurrence_need_no_replay_and_give_the_same_result(
    base: ShipmentState, events: list[ProjectionEvent]
) -> None:
    events = sorted(about_packages_of(base, events), key=lambda event: event.order)
    store = EventStore(base)
    for arrival in events:
        store.record(arrival)
    assert store.replays == 0
    result = status_projection.replay(base, reversed(events))
    assert (store.state, store.not_applied) == (result.state, result.not_applied)


@MANY_EXAMPLES
@given(BASES, HISTORIES)
def test_the_status_of_the_shipment_follows_from_its_packages(
    base: ShipmentState, events: list[ProjectionEvent]
) -> None:
    after = status_projection.replay(base, about_packages_of(base, events)).state
    packages = list(after.packages.values())
    if len(packages) == 1:
        assert after.status == packages[0]
    if packages:
        assert after.status.status is status_projection.roll_up(packages)
        assert after.status.event_id in {package.event_id for package in packages}
    decided_by_event = after.status.event_id is not None
    assert (after.source is Source.COMMAND) == (not decided_by_event)
    assert (after.closed_at is not None) == (after.status.status in status_rules.CLOSED)
    if after.status.status is Status.DELIVERED:
        assert after.delivered_at is not None
    times = (after.ready_at, after.picked_up_at, after.first_attempt_at, after.delivered_at, after.closed_at)
    milestones = [at for at in times if at is not None]
    assert all(at <= (after.last_event_at or BOOKED) or at == BOOKED for at in milestones)


@MANY_EXAMPLES
@given(BASES, HISTORIES)
def test_events_that_were_not_applied_can_be_omitted(base: ShipmentState, events: list[ProjectionEvent]) -> None:
    events = about_packages_of(base, events)
    result = status_projection.replay(base, events)
    applied = [event for event in events if result.not_applied[event.id] is None]
    again = status_projection.replay(base, applied).state
    assert (again.status, again.packages, again.source) == (
        result.state.status, result.state.packages, result.state.source
    )  # fmt: skip


def simultaneous(codes: Sequence[Code]) -> list[ProjectionEvent]:
    return [event(code, 5) for code in codes]


def test_simultaneous_events_are_applied_in_the_order_of_progress() -> None:
    events = simultaneous([Code.DELIVERED, Code.OUT_FOR_DELIVERY, Code.PICKED_UP, Code.LABEL_CREATED])
    result = project(state(), *events)
    assert result.state.status.status is Status.DELIVERED
    assert set(result.not_applied.values()) == {None}


def test_the_result_does_not_depend_on_event_ids() -> None:
    """Ids are assigned in the order of arrival."""
    events = [event(Code.HELD, 5, A), event(Code.EXCEPTION, 5, B), event(Code.HELD, 5, C, reason=Reason.ADDRESS)]
    others = [replace(event, id=UUID(int=100 - index)) for index, event in enumerate(events)]
    original_ids = {other.id: event.id for event, other in zip(events, others, strict=True)}
    first, second = project(state(A, B, C), *events).state, project(state(A, B, C), *others).state
    assert first.status.event_id == original_ids[second.status.event_id or A]
    assert replace(first.status, event_id=None) == replace(second.status, event_id=None)
