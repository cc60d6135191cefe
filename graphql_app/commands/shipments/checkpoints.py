"""Rows of shipments and tracking events as values of the projection: initial state, events and checkpoints."""

from dataclasses import replace
from datetime import UTC
from typing import Any

import orjson

from graphql_app.commands.command import json_text
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import enums, incremental_replay
from graphql_app.domain.projection_state import PackageStatus, ProjectionEvent, ShipmentState


def checkpoint_base(shipment: LockedShipment) -> str:
    """What the initial state depends on. Checkpoints with another one are ignored."""
    confirmed_at = shipment.row["confirmed_at"]
    return f"{confirmed_at.astimezone(UTC).isoformat() if confirmed_at else None} {len(shipment.packages)}"


def checkpoint_text(shipment: LockedShipment, state: ShipmentState) -> str:
    """A checkpoint as JSON."""
    given_at = incremental_replay.encode_time(shipment.row["estimate_given_at"])
    return json_text(
        {"base": checkpoint_base(shipment), "given_at": given_at, **incremental_replay.encode_state(state)}
    )


def checkpoint_state(shipment: LockedShipment, row: Any) -> ShipmentState | None:
    """The state that is stored with an event; None if there is none that is valid.

    All its events were recorded before an estimate that a command set after the checkpoint was stored.
    """
    if row.state_after is None:
        return None
    value = orjson.loads(row.state_after)
    if value["base"] != checkpoint_base(shipment):
        return None
    state = incremental_replay.decode_state(value)
    if value["given_at"] != incremental_replay.encode_time(shipment.row["estimate_given_at"]):
        state = incremental_replay.with_given_estimate(state, shipment.row["estimate_given"])
    return state


def with_valid_estimate(shipment: LockedShipment, event: ProjectionEvent) -> ProjectionEvent:
    """The event without its estimate if a command has set one after it was recorded."""
    given_at = shipment.row["estimate_given_at"]
    if event.estimated_delivery_at is None or given_at is None or event.recorded_at > given_at:
        return event
    return replace(event, estimated_delivery_at=None)


def initial_state(shipment: LockedShipment) -> ShipmentState:
    """The state after creation and, if it was confirmed, `shipmentConfirm`."""
    row = shipment.row
    confirmed_at = row["confirmed_at"]
    status = enums.ShipmentStatus.READY if confirmed_at else enums.ShipmentStatus.DRAFT
    initial = PackageStatus(status, confirmed_at or row["created_at"])
    packages = dict.fromkeys(shipment.packages, initial)
    return ShipmentState(
        initial,
        enums.StatusSource.COMMAND,
        packages,
        ready_at=confirmed_at,
        estimated_delivery_at=row["estimate_given"],
    )


def stored_event(row: Any) -> ProjectionEvent:
    """A row of `tracking_event` as an event of the projection."""
    return ProjectionEvent(
        row.id,
        row.package_id,
        enums.TrackingEventCode(row.code),
        None if row.reason is None else enums.ExceptionReason(row.reason),
        row.occurred_at,
        row.recorded_at,
        row.position,
        row.estimated_delivery_at,
        None if row.override_status is None else enums.ShipmentStatus(row.override_status),
        enums.TimePrecision(row.time_precision),
        row.occurred_local,
    )
