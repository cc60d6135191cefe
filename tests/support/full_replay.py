"""Comparison of a stored shipment with a replay of all its events, independent of the incremental replay."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands.shipments import checkpoints
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import status_projection
from graphql_app.domain.enums import NotAppliedReason
from graphql_app.domain.projection_state import ProjectionEvent

QUERY = """
SELECT id, package_id, code::text, reason::text, occurred_at, recorded_at, position, estimated_delivery_at,
    override_status::text, time_precision::text, occurred_local, applied, not_applied_reason::text,
    state_after::text
FROM tracking_event WHERE shipment_id = :shipment AND voided_at IS NULL ORDER BY occurred_at, position, id
"""


def with_valid_estimate(event: ProjectionEvent, row: dict[str, Any]) -> ProjectionEvent:
    """The event; without its estimate if the client set one after it was recorded."""
    given_at = row["estimate_given_at"]
    return event if given_at is None or event.recorded_at > given_at else replace(event, estimated_delivery_at=None)


async def assert_equals_full_replay(owner: AsyncEngine, shipment: LockedShipment, *, with_states: bool = True) -> int:
    """Assert that state, flags and checkpoints equal those of a full replay. Returns the number of checkpoints.

    `with_states`: compare the states of the checkpoints too, each with a replay of its own.
    """
    async with owner.connect() as connection:
        rows = (await connection.execute(text(QUERY), {"shipment": shipment.id})).all()
    events = [with_valid_estimate(checkpoints.stored_event(row), shipment.row) for row in rows]
    base, cancelled_at = checkpoints.initial_state(shipment), shipment.row["cancelled_at"]
    result = status_projection.replay(base, events, cancelled_at)
    assert shipment.state() == result.state
    flags = {row.id: (row.applied, row.not_applied_reason and NotAppliedReason(row.not_applied_reason)) for row in rows}
    assert flags == {id_: (reason is None, reason) for id_, reason in result.not_applied.items()}
    assert shipment.row["event_count"] == len(events)
    states = [(at, checkpoints.checkpoint_state(shipment, row)) for at, row in enumerate(rows, 1)]
    for at, state in states:
        if state is not None and with_states:
            until = cancelled_at if cancelled_at is not None and events[at - 1].occurred_at > cancelled_at else None
            assert state == status_projection.replay(base, events[:at], until).state
    return sum(state is not None for _, state in states)
