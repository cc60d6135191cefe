"""The incremental replay gives the same result as a replay of all events, and reads only what a change can reach."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_app.domain import status_projection
from graphql_app.domain.enums import NotAppliedReason as NotApplied
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.incremental_replay import IncrementalReplay, decode_state, encode_state
from graphql_app.domain.projection_state import EventOrder, ProjectionEvent, ShipmentState
from tests.domain.test_event_order import MIXED
from tests.domain.test_status_projection_order import BASES, OVERRIDES, REPORTS, about_packages_of
from tests.support.projection_events import BOOKED, A, event, state

EVENTS_PER_CHECKPOINT = 3


class CheckpointStore:
    """Events and checkpoints as the database holds them, changed by incremental replays."""

    def __init__(self, base: ShipmentState) -> None:
        self.base = self.state = base
        self.events: dict[UUID, ProjectionEvent] = {}
        self.checkpoints: dict[UUID, ShipmentState] = {}
        self.not_applied: dict[UUID, NotApplied | None] = {}
        self.steps = 0

    def change(self, new: list[ProjectionEvent], voided: list[ProjectionEvent]) -> None:
        """Record and void events at once."""
        for old in voided:
            for rows in (self.events, self.checkpoints, self.not_applied):
                rows.pop(old.id, None)
        self.events |= {event.id: event for event in new}
        changed: list[EventOrder] = [event.order for event in (*new, *voided)]
        ordered = sorted(self.events.values(), key=lambda event: event.order)
        starts = [event for event in ordered if event.id in self.checkpoints and event.order < min(changed)]
        start = self.checkpoints[starts[-1].id] if starts else self.base
        replay = IncrementalReplay(start, EVENTS_PER_CHECKPOINT, None, max(changed))
        for following in ordered:
            if starts and following.order <= starts[-1].order:
                continue
            self.steps += 1
            replay.apply(following, self.checkpoints.get(following.id))
            if replay.is_finished:
                break
        if not replay.is_finished:
            self.state = replay.state
        self.not_applied |= replay.not_applied
        for id_, checkpoint in replay.checkpoints.items():
            self.checkpoints[id_] = decode_state(encode_state(checkpoint))

    def assert_settled(self) -> None:
        ordered = sorted(self.events.values(), key=lambda event: event.order)
        expected = status_projection.replay(self.base, ordered)
        assert (self.state, self.not_applied) == (expected.state, expected.not_applied)
        for at, last in enumerate(ordered, 1):
            if last.id in self.checkpoints:
                assert self.checkpoints[last.id] == status_projection.replay(self.base, ordered[:at]).state


@settings(deadline=None, max_examples=300)
@given(
    BASES,
    st.lists(st.one_of(REPORTS, REPORTS, OVERRIDES, MIXED), max_size=30, unique_by=lambda event: event.id),
    st.data(),
)
def test_an_incremental_replay_equals_a_replay_of_all_events(
    base: ShipmentState, events: list[ProjectionEvent], data: st.DataObject
) -> None:
    events = about_packages_of(base, events)
    store, pending = CheckpointStore(base), list(data.draw(st.permutations(events)))
    while pending:
        count = data.draw(st.integers(1, 4))
        new, pending = pending[:count], pending[count:]
        recorded = list(store.events.values())
        voided = data.draw(st.lists(st.sampled_from(recorded), max_size=2, unique=True)) if recorded else []
        if voided and data.draw(st.booleans()):  # a mapping that is applied again changes code and position
            code = data.draw(st.sampled_from(list(Code)))
            new.append(replace(voided[0], code=code, position=status_projection.position(code, None, b"remapped")))
        store.change(new, voided)
        store.assert_settled()


@settings(deadline=None, max_examples=300)
@given(BASES, st.lists(st.one_of(REPORTS, OVERRIDES, MIXED), max_size=12, unique_by=lambda event: event.id))
def test_a_stored_state_is_read_back_unchanged(base: ShipmentState, events: list[ProjectionEvent]) -> None:
    after = status_projection.replay(base, about_packages_of(base, events)).state
    again = decode_state(encode_state(after))
    assert again == after
    assert again.status.time == after.status.time
    assert {id_: status.time for id_, status in again.packages.items()} == {
        id_: status.time for id_, status in after.packages.items()
    }


def scans(count: int) -> list[ProjectionEvent]:
    """Events of a shipment that stays in transit, one per minute."""
    codes = [Code.ARRIVED_AT_FACILITY, Code.DEPARTED_FACILITY]
    return [event(codes[at % 2], at / 60, A, recorded_at=BOOKED + timedelta(days=900)) for at in range(count)]


def test_a_late_event_costs_what_lies_between_two_checkpoints() -> None:
    events = scans(2_000)
    store = CheckpointStore(state(A))
    store.change(events, [])
    store.steps = 0
    late = event(Code.IN_TRANSIT, 1_000.5 / 60, A, recorded_at=BOOKED + timedelta(days=900))
    store.change([late], [])
    store.change([], [late])
    assert store.steps <= 2 * 3 * EVENTS_PER_CHECKPOINT
    store.assert_settled()


def test_checkpoints_do_not_become_dense_by_late_events() -> None:
    store = CheckpointStore(state(A))
    for number in (7 * at % 200 for at in range(200)):
        store.change([event(Code.IN_TRANSIT, number / 60, A, recorded_at=BOOKED + timedelta(days=900))], [])
    assert 200 / (4 * EVENTS_PER_CHECKPOINT) <= len(store.checkpoints) <= 200 / EVENTS_PER_CHECKPOINT
    store.assert_settled()


def test_a_cancellation_is_applied_in_its_place() -> None:
    at = BOOKED + timedelta(hours=5)
    events = [event(Code.LABEL_CREATED, 1), event(Code.LABEL_CREATED, 5), event(Code.PICKED_UP, 6)]
    replay = IncrementalReplay(state(A), EVENTS_PER_CHECKPOINT, at)
    for applied in events:
        replay.apply(applied)
    replay.cancel()
    expected = status_projection.replay(state(A), events, at)
    assert (replay.state, replay.not_applied) == (expected.state, expected.not_applied)
    assert replay.state.status.status is Status.CANCELLED
