"""Tracking events → status: whatever the order in which reports arrive, the same result; and the rules one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_app.domain import event_identity, status_projection, status_rules
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import NotAppliedReason as Why
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import StatusSource as Source
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.status_projection import PackageStatus, ProjectionEvent, ShipmentState

BOOKED = datetime(2026, 3, 1, 8, tzinfo=UTC)
A, B, C = (UUID(int=number) for number in (1, 2, 3))


def state(*packages: UUID, status: Status = Status.READY) -> ShipmentState:
    """A shipment as a command left it."""
    stage = PackageStatus(status, BOOKED)
    ready = None if status is Status.DRAFT else BOOKED
    return ShipmentState(stage, Source.COMMAND, dict.fromkeys(packages, stage), ready_at=ready)


def event(code: Code, hours: float, package: UUID | None = None, **more: Any) -> ProjectionEvent:
    """An event so many hours after the booking, recorded at once. Its identity follows from its content."""
    at = BOOKED + timedelta(hours=hours)
    override = more.get("override")
    said = {"source_name": "", "external_event_id": None, "code": code, "occurred_at": at, "place": [repr(override)]}
    content = event_identity.dedupe_key(package_id=None, **said)
    identity = event_identity.digest(repr(package), repr(sorted(more.items())), content.hex())
    place = 0 if package is None else package.int
    values = {"reason": None, "recorded_at": at, **more}
    return ProjectionEvent(
        UUID(bytes=identity[:16]), package, code, occurred_at=at,
        position=status_projection.position(code, override, content, place), **values,
    )  # fmt: skip


def override(status: Status, hours: float) -> ProjectionEvent:
    return event(Code.INFO, hours, override=status)


def folded(base: ShipmentState, *events: ProjectionEvent) -> status_projection.ProjectionResult:
    return status_projection.fold(base, events)


def status_after(*events: ProjectionEvent, base: ShipmentState | None = None) -> Status:
    return folded(base or state(), *events).state.status.status


def why_not(*events: ProjectionEvent, base: ShipmentState | None = None) -> Why | None:
    """Why the last of these did not count; None if it did."""
    return folded(base or state(), *events).not_applied[events[-1].id]


class Store:
    """What the database does with arrivals: duplicates are known by key, later events are one step, others fold."""

    def __init__(self, base: ShipmentState) -> None:
        self.base = self.state = base
        self.live: dict[UUID, ProjectionEvent] = {}
        self.not_applied: dict[UUID, Why | None] = {}
        self.folds = 0

    def record(self, event: ProjectionEvent) -> None:
        if event.id in self.live:
            return
        latest = max((one.order for one in self.live.values()), default=None)
        self.live[event.id] = event
        if latest is None or event.order > latest:
            self.state, self.not_applied[event.id] = status_projection.apply_event(self.state, event)
        else:
            self.fold()

    def void(self, id_: UUID) -> None:
        if self.live.pop(id_, None):
            self.fold()

    def fold(self) -> None:
        self.folds += 1
        result = status_projection.fold(self.base, self.live.values())
        self.state, self.not_applied = result.state, result.not_applied


REPORTS = st.builds(
    event,
    st.sampled_from(list(Code)),
    st.one_of(st.integers(0, 12).map(lambda quarter: quarter / 4), st.integers(0, 300).map(float)),
    st.sampled_from([None, A, B, C]),
    reason=st.sampled_from([None, Reason.LOST, Reason.DAMAGED, Reason.WEATHER]),
    date_only=st.booleans(),
    estimated_delivery_at=st.sampled_from([None, BOOKED + timedelta(days=3), BOOKED + timedelta(days=5)]),
    recorded_at=st.sampled_from([BOOKED + timedelta(days=2), BOOKED + timedelta(days=30)]),
)
OVERRIDES = st.builds(
    override, st.sampled_from([one for one in Status if one is not Status.DRAFT]), st.integers(0, 300).map(float)
)
HISTORIES = st.lists(
    st.one_of(REPORTS, REPORTS, REPORTS, OVERRIDES),
    max_size=14,
    unique_by=lambda one: (one.occurred_at, one.package_id, one.code, one.override),
)
"""Two reports that say the same of the same package are one event: the dedupe key sees to that."""
BASES = st.builds(
    lambda packages, status: state(*packages, status=status),
    st.sampled_from([(), (A,), (A, B, C)]),
    st.sampled_from([Status.DRAFT, Status.READY]),
)
THOROUGH = settings(deadline=None, max_examples=300)


def about_these(base: ShipmentState, events: Iterable[ProjectionEvent]) -> list[ProjectionEvent]:
    """Events that are about packages which the shipment has."""
    return [one for one in events if one.package_id is None or one.package_id in base.packages]


@THOROUGH
@given(BASES, HISTORIES, st.data())
def test_any_order_of_arrival_with_any_duplication_and_voids_gives_the_same_result(
    base: ShipmentState, events: list[ProjectionEvent], data: st.DataObject
) -> None:
    events = about_these(base, events)
    voided = data.draw(st.sets(st.sampled_from(events)) if events else st.just(set()))
    results = []
    for _ in range(2):
        arrivals = data.draw(st.permutations(events + (events[:3] if events else [])))
        store = Store(base)
        for one in arrivals:
            store.record(one)
        for one in sorted(voided, key=lambda one: one.id):
            store.void(one.id)
        results.append((store.state, store.not_applied))
    live = status_projection.fold(base, [one for one in events if one not in voided])
    assert results[0] == results[1] == (live.state, live.not_applied)


@THOROUGH
@given(BASES, HISTORIES)
def test_in_order_of_occurrence_no_event_folds_again_and_the_steps_equal_the_fold(
    base: ShipmentState, events: list[ProjectionEvent]
) -> None:
    events = sorted(about_these(base, events), key=lambda one: one.order)
    store = Store(base)
    for one in events:
        store.record(one)
    assert store.folds == 0
    result = status_projection.fold(base, reversed(events))
    assert (store.state, store.not_applied) == (result.state, result.not_applied)


@THOROUGH
@given(BASES, HISTORIES)
def test_the_shipment_says_what_its_packages_say(base: ShipmentState, events: list[ProjectionEvent]) -> None:
    after = status_projection.fold(base, about_these(base, events)).state
    stages = list(after.packages.values())
    if len(stages) == 1:
        assert after.status == stages[0]
    if stages:
        assert after.status.status is status_projection.roll_up(stages)
        assert after.status.event_id in {stage.event_id for stage in stages}
    decided = after.status.event_id is not None
    assert (after.source is Source.COMMAND) == (not decided)
    assert (after.closed_at is not None) == (after.status.status in status_rules.CLOSED)
    if after.status.status is Status.DELIVERED:
        assert after.delivered_at is not None
    times = (after.ready_at, after.picked_up_at, after.first_attempt_at, after.delivered_at, after.closed_at)
    known = [at for at in times if at is not None]
    assert all(at <= (after.last_event_at or BOOKED) or at == BOOKED for at in known)


@THOROUGH
@given(BASES, HISTORIES)
def test_an_event_that_did_not_count_could_be_left_out(base: ShipmentState, events: list[ProjectionEvent]) -> None:
    events = about_these(base, events)
    result = status_projection.fold(base, events)
    counted = [one for one in events if result.not_applied[one.id] is None]
    again = status_projection.fold(base, counted).state
    assert (again.status, again.packages, again.source) == (
        result.state.status, result.state.packages, result.state.source
    )  # fmt: skip


def end(code: Code, reason: Reason | None = None) -> ProjectionEvent:
    return event(code, 10, reason=reason)


OUT_OF = [
    (end(Code.DELIVERED), {Code.RETURN_STARTED, Code.RETURNED, Code.DAMAGED}),
    (end(Code.RETURNED), set()),
    (end(Code.DESTROYED), set()),
    (end(Code.CANCELLED), set()),
    (
        end(Code.LOST),
        set(status_rules.STATUS_OF_CODE) - {Code.LABEL_CREATED, Code.INFO_RECEIVED, Code.LOST, Code.CANCELLED},
    ),
]


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize(("closing", "leading_out"), OUT_OF, ids=[closing.code for closing, _ in OUT_OF])
def test_what_leads_out_of_an_end(closing: ProjectionEvent, leading_out: set[Code], code: Code) -> None:
    after = event(code, 20)
    reported = status_rules.STATUS_OF_CODE.get(code)
    if code in leading_out:
        expected = None
    elif reported is None:
        expected = Why.NOT_STATUS_BEARING
    else:
        expected = Why.SUPERSEDED if reported is closing.status else Why.AFTER_TERMINAL
    assert why_not(closing, after) is expected
    assert status_after(closing, after) is (reported if code in leading_out else closing.status)


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.DRAFT])
@pytest.mark.parametrize("closing", [closing for closing, _ in OUT_OF], ids=lambda one: one.code)
def test_an_override_leads_from_everywhere_to_everywhere(closing: ProjectionEvent, status: Status) -> None:
    result = folded(state(A, B), closing, override(status, 20)).state
    assert result.status.status is status
    assert result.source is Source.OVERRIDE


def test_a_late_scan_does_not_undeliver() -> None:
    delivered, late = event(Code.DELIVERED, 30), event(Code.ARRIVED_AT_FACILITY, 31)
    assert status_after(delivered, late) is Status.DELIVERED
    assert why_not(delivered, late) is Why.AFTER_TERMINAL


def test_an_old_scan_that_arrives_late_changes_no_status_and_is_told_in_its_place() -> None:
    store = Store(state())
    delivered, old = event(Code.DELIVERED, 30), event(Code.OUT_FOR_DELIVERY, 28)
    store.record(delivered)
    store.record(old)
    assert store.state.status == PackageStatus(Status.DELIVERED, delivered.occurred_at, delivered.id)
    assert store.not_applied == {old.id: None, delivered.id: None}


def test_a_second_delivery_attempt_goes_back_to_the_vehicle() -> None:
    """Where a rank alone decided, a package would stay attempted for ever."""
    day = [event(Code.OUT_FOR_DELIVERY, 24), event(Code.DELIVERY_ATTEMPTED, 30), event(Code.OUT_FOR_DELIVERY, 48)]
    assert status_after(*day) is Status.OUT_FOR_DELIVERY
    assert status_after(*day, event(Code.DELIVERED, 50)) is Status.DELIVERED


def test_a_delay_is_no_stage() -> None:
    way = event(Code.IN_TRANSIT, 5), event(Code.DELAYED, 6, reason=Reason.WEATHER)
    assert status_after(*way) is Status.IN_TRANSIT
    assert why_not(*way) is Why.NOT_STATUS_BEARING


def test_a_package_that_the_carrier_has_does_not_go_back_to_planning() -> None:
    assert why_not(event(Code.PICKED_UP, 1), event(Code.LABEL_CREATED, 2)) is Why.REGRESSION


def test_what_was_lost_can_be_found_and_what_was_then_destroyed_cannot() -> None:
    lost, found, destroyed = event(Code.LOST, 10), event(Code.IN_TRANSIT, 20), event(Code.DESTROYED, 15)
    assert status_after(lost, found) is Status.IN_TRANSIT
    result = folded(state(), lost, destroyed, found)
    assert result.state.status == PackageStatus(Status.FAILED, lost.occurred_at, destroyed.id, None)
    assert result.not_applied[found.id] is Why.AFTER_TERMINAL


@pytest.mark.parametrize(("ahead", "expected"), [(24, None), (24.001, Why.FUTURE)])
def test_an_event_more_than_a_day_ahead_is_kept_and_not_applied(ahead: float, expected: Why | None) -> None:
    early = event(Code.DELIVERED, ahead, recorded_at=BOOKED, estimated_delivery_at=BOOKED)
    result = folded(state(), early)
    assert result.not_applied == {early.id: expected}
    assert (result.state == state()) == (expected is Why.FUTURE)


class TestDates:
    """An event with only a date sorts at 23:59:59, and an exact scan of that day wins."""

    last = 15 + 59 / 60 + 59 / 3600

    def dated(self, code: Code, days: int = 0) -> ProjectionEvent:
        return event(code, self.last + 24 * days, date_only=True)

    def test_an_exact_scan_that_is_further_on_wins(self) -> None:
        exact, dated = event(Code.OUT_FOR_DELIVERY, 3), self.dated(Code.PICKED_UP)
        assert status_after(exact, dated) is Status.OUT_FOR_DELIVERY
        assert why_not(exact, dated) is Why.SUPERSEDED

    def test_a_date_that_is_further_on_counts(self) -> None:
        exact, dated = event(Code.OUT_FOR_DELIVERY, 3), self.dated(Code.DELIVERED)
        assert status_after(exact, dated) is Status.DELIVERED

    def test_a_scan_of_the_day_before_does_not_win(self) -> None:
        exact, dated = event(Code.OUT_FOR_DELIVERY, 3), self.dated(Code.IN_TRANSIT, 1)
        assert status_after(exact, dated) is Status.IN_TRANSIT

    def test_the_exact_delivery_gives_its_time(self) -> None:
        exact, dated = event(Code.DELIVERED, 3), self.dated(Code.DELIVERED)
        assert folded(state(), dated, exact).state.delivered_at == exact.occurred_at


def stages(*statuses: Status) -> list[PackageStatus]:
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
def test_packages_are_rolled_up(packages: str, shipment: str) -> None:
    for order in (packages.split(), packages.split()[::-1]):
        assert status_projection.roll_up(stages(*map(Status, order))) is Status(shipment)


def test_a_shipment_level_event_applies_to_every_package_that_it_can_move() -> None:
    first, all_ = event(Code.DELIVERED, 10, A), event(Code.OUT_FOR_DELIVERY, 20)
    result = folded(state(A, B), first, all_)
    assert {key: stage.status for key, stage in result.state.packages.items()} == {
        A: Status.DELIVERED,
        B: Status.OUT_FOR_DELIVERY,
    }
    assert result.state.status.status is Status.PARTIALLY_DELIVERED
    assert result.not_applied[all_.id] is None


def test_a_shipment_is_delivered_when_the_last_of_its_packages_is() -> None:
    first, second = event(Code.DELIVERED, 10, B), event(Code.DELIVERED, 30, A)
    partly, wholly = folded(state(A, B), first).state, folded(state(A, B), first, second).state
    assert (partly.status.status, partly.delivered_at, partly.closed_at) == (Status.PARTIALLY_DELIVERED, None, None)
    assert wholly.status == PackageStatus(Status.DELIVERED, second.occurred_at, second.id)
    assert wholly.delivered_at == wholly.closed_at == second.occurred_at
    assert wholly.first_attempt_at == first.occurred_at


def test_what_is_wrong_with_one_package_is_said_while_another_is_delivered() -> None:
    events = event(Code.DELIVERED, 10, A), event(Code.HELD, 5, B, reason=Reason.CUSTOMS_DOCUMENTS)
    after = folded(state(A, B), *events).state
    assert (after.status.status, after.status.reason) == (Status.PARTIALLY_DELIVERED, Reason.CUSTOMS_DOCUMENTS)


def test_milestones() -> None:
    way = [
        event(Code.INFO_RECEIVED, -2),
        event(Code.ARRIVED_AT_FACILITY, 4),
        event(Code.DEPARTED_FACILITY, 6, estimated_delivery_at=BOOKED + timedelta(days=2)),
        event(Code.DELIVERY_ATTEMPTED, 26, reason=Reason.RECIPIENT_ABSENT),
        event(Code.INFO, 27, estimated_delivery_at=BOOKED + timedelta(days=3)),
        event(Code.DELIVERED, 50),
        event(Code.INFO, 60),
    ]
    after = folded(state(A), *way).state
    assert after == ShipmentState(
        status=PackageStatus(Status.DELIVERED, way[5].occurred_at, way[5].id),
        source=Source.PROJECTION,
        packages={A: PackageStatus(Status.DELIVERED, way[5].occurred_at, way[5].id)},
        ready_at=way[0].occurred_at,
        picked_up_at=way[1].occurred_at,
        first_attempt_at=way[3].occurred_at,
        delivered_at=way[5].occurred_at,
        closed_at=way[5].occurred_at,
        last_event_at=way[6].occurred_at,
        estimated_delivery_at=BOOKED + timedelta(days=3),
    )
    attempted = folded(state(A), *way[:5]).state
    assert attempted.status == PackageStatus(
        Status.DELIVERY_ATTEMPTED, way[3].occurred_at, way[3].id, Reason.RECIPIENT_ABSENT
    )  # fmt: skip
    on_its_way = folded(state(A), *way[:3]).state
    assert on_its_way.status == PackageStatus(Status.IN_TRANSIT, way[1].occurred_at, way[2].id)


def test_what_was_ready_before_it_was_booked_here_is_ready_since_then() -> None:
    early, later = event(Code.INFO_RECEIVED, -48), event(Code.LABEL_CREATED, -24)
    for one in (folded(state(A), early, later).state, folded(state(), later, early).state):
        assert one.status == PackageStatus(Status.READY, early.occurred_at, later.id)
        assert one.ready_at == early.occurred_at


def test_reopening_clears_the_end_and_a_return_keeps_the_delivery() -> None:
    delivered, back = event(Code.DELIVERED, 10), event(Code.RETURN_STARTED, 20)
    after = folded(state(), delivered, back).state
    assert (after.closed_at, after.delivered_at) == (None, delivered.occurred_at)


def test_an_override_that_denies_a_delivery_takes_its_time_away() -> None:
    events = [event(Code.PICKED_UP, 1), event(Code.DELIVERED, 10), override(Status.IN_TRANSIT, 20)]
    denied = folded(state(), *events).state
    assert (denied.delivered_at, denied.picked_up_at) == (None, events[0].occurred_at)
    again = event(Code.DELIVERED, 30)
    assert folded(state(), *events, again).state.delivered_at == again.occurred_at
    planned = folded(state(), *events, override(Status.READY, 25)).state
    assert (planned.picked_up_at, planned.first_attempt_at, planned.delivered_at) == (None, None, None)


def test_an_override_that_confirms_a_delivery_leaves_its_time() -> None:
    delivered, confirmed = event(Code.DELIVERED, 10), override(Status.DELIVERED, 20)
    after = folded(state(), delivered, confirmed).state
    assert (after.delivered_at, after.closed_at, after.status.at) == (delivered.occurred_at,) * 3
    assert (after.status.event_id, after.source) == (confirmed.id, Source.OVERRIDE)


def test_an_override_survives_older_reports_that_arrive_later_and_ends_when_voided() -> None:
    store = Store(state())
    told = override(Status.FAILED, 20)
    for one in (told, event(Code.OUT_FOR_DELIVERY, 10), event(Code.DELIVERED, 30)):
        store.record(one)
    assert (store.state.status.status, store.state.source) == (Status.FAILED, Source.OVERRIDE)
    store.void(told.id)
    assert (store.state.status.status, store.state.source) == (Status.DELIVERED, Source.PROJECTION)


def test_the_source_is_that_of_the_event_which_decides() -> None:
    scan = event(Code.PICKED_UP, 5, A)
    waiting = folded(state(A, B), scan).state
    assert (waiting.status.status, waiting.status.event_id, waiting.source) == (Status.READY, None, Source.COMMAND)
    stopped, moving = override(Status.EXCEPTION, 10), event(Code.IN_TRANSIT, 20, A)
    after = folded(state(A, B), scan, stopped, moving).state
    assert (after.status.event_id, after.source) == (stopped.id, Source.OVERRIDE)
    overtaking = folded(state(A, B), scan, event(Code.OUT_FOR_DELIVERY, 6, B)).state
    assert (overtaking.status.event_id, overtaking.source) == (scan.id, Source.PROJECTION)


def ties(codes: Sequence[Code]) -> list[ProjectionEvent]:
    return [event(code, 5) for code in codes]


def test_events_of_one_moment_count_in_the_order_of_their_stages() -> None:
    events = ties([Code.DELIVERED, Code.OUT_FOR_DELIVERY, Code.PICKED_UP, Code.LABEL_CREATED])
    result = folded(state(), *events)
    assert result.state.status.status is Status.DELIVERED
    assert set(result.not_applied.values()) == {None}


def test_an_event_known_only_by_its_content_is_the_same_event_with_another_identity() -> None:
    """Identities are given at arrival: nothing may depend on them."""
    events = [event(Code.HELD, 5, A), event(Code.EXCEPTION, 5, B), event(Code.HELD, 5, C, reason=Reason.ADDRESS)]
    others = [replace(one, id=UUID(int=100 - at)) for at, one in enumerate(events)]
    renamed = {other.id: one.id for one, other in zip(events, others, strict=True)}
    first, second = folded(state(A, B, C), *events).state, folded(state(A, B, C), *others).state
    assert first.status.event_id == renamed[second.status.event_id or A]
    assert replace(first.status, event_id=None) == replace(second.status, event_id=None)
