"""Builds payloads from results. The rows in a payload are read after the commit, with one statement for each model."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from graphql_app.auth import api_key
from graphql_app.commands.command import RowResult
from graphql_app.domain import enums
from graphql_app.errors import user_errors
from graphql_app.graphql_types import payloads
from graphql_app.graphql_types.api_keys import ApiKeyCreatePayload, ApiKeyPayload
from graphql_app.models import ApiKey, Carrier, Shipment, TrackingEvent
from graphql_app.mutations.call import MutationCall, is_atomic
from graphql_app.mutations.result_rows import ResultRows
from graphql_app.query_engine import sources
from graphql_app.query_engine.executor import BatchedRow, RowBatch


def shipment_payload(call: MutationCall, results: Sequence[RowResult]) -> payloads.ShipmentPayload:
    """The payload of a mutation of one shipment. `results` is empty if the call itself is invalid."""
    builder, result = PayloadBuilder(call), first(results)
    return payloads.ShipmentPayload(
        shipment=builder.row(Shipment, result.shipment, result),
        created=result.created,
        errors=builder.errors([*call.errors, *result.errors]),
        warnings=warnings(result),
        meta=meta(call),
    )


def shipment_bulk_payload(call: MutationCall, results: Sequence[RowResult]) -> payloads.ShipmentBulkPayload:
    """The payload of `shipmentsBulkCreate` and `shipmentsBulkUpdate`."""
    builder = PayloadBuilder(call)
    rows = [
        payloads.ShipmentBulkResult(
            index=index,
            client_ref=result.client_ref,
            shipment=builder.row(Shipment, result.shipment, result),
            created=result.created,
            errors=builder.errors(result.errors),
            warnings=warnings(result),
        )
        for index, result in enumerate(results)
    ]
    return payloads.ShipmentBulkPayload(results=ResultRows(rows), **builder.summary(results, atomic=is_atomic(call)))


def tracking_events_payload(
    call: MutationCall, results: Sequence[RowResult], *, atomic: bool
) -> payloads.TrackingEventsPayload:
    """The payload of `trackingEventsRecord` and `trackingEventVoid`; `atomic`: all rows were written or none."""
    builder = PayloadBuilder(call)
    rows = [
        payloads.TrackingEventResult(
            index=index,
            # an event that `validateOnly` checked is not stored, so it cannot be read
            event=None if call.validate_only and result.created else builder.row(TrackingEvent, result.event, result),
            duplicate=result.duplicate,
            status_changed=result.status_changed,
            errors=builder.errors(result.errors),
            warnings=warnings(result),
        )
        for index, result in enumerate(results)
    ]
    return payloads.TrackingEventsPayload(results=ResultRows(rows), **builder.summary(results, atomic=atomic))


def carrier_payload(
    call: MutationCall, results: Sequence[RowResult], reapplied: payloads.ReappliedEvents | None = None
) -> payloads.CarrierPayload:
    """The payload of `carrierSave` and `carrierStatusMap`."""
    builder, result = PayloadBuilder(call), first(results)
    return payloads.CarrierPayload(
        carrier=builder.row(Carrier, result.carrier, result),
        reapplied=reapplied,
        errors=builder.errors([*call.errors, *result.errors]),
        meta=meta(call),
    )


def api_key_payload(call: MutationCall, results: Sequence[RowResult]) -> ApiKeyPayload:
    """The payload of `apiKeyRevoke`."""
    builder, result = PayloadBuilder(call), first(results)
    return ApiKeyPayload(
        api_key=builder.row(ApiKey, result.api_key, result),
        errors=builder.errors([*call.errors, *result.errors]),
        meta=meta(call),
    )


def api_key_create_payload(
    call: MutationCall, results: Sequence[RowResult], secret: api_key.ApiKeySecret
) -> ApiKeyCreatePayload:
    """The payload of `apiKeyCreate`. The secret is shown only by the call that created the key, never by a replay."""
    created = first(results).api_key is not None and not call.replayed
    payload = api_key_payload(call, results)
    return ApiKeyCreatePayload(
        api_key=payload.api_key, secret=secret.text if created else None, errors=payload.errors, meta=payload.meta
    )


class PayloadBuilder:
    """Builds the fields of one payload: rows, which are read in one batch per model, and errors as GraphQL types."""

    def __init__(self, call: MutationCall) -> None:
        self.call = call
        self.batches: dict[type[SQLModel], RowBatch] = {}

    def row(self, model: type[SQLModel], id_: UUID | None, result: RowResult | None = None) -> Any:
        """The row for a field of the payload; None without an ID, or if its result has errors."""
        if id_ is None or (result is not None and result.errors):
            return None
        return self.batched(model, id_)

    def batched(self, model: type[SQLModel], id_: UUID) -> BatchedRow:
        """A row that the executor reads together with all other rows of its model in this payload."""
        if model not in self.batches:
            self.batches[model] = RowBatch(self.call.context.reader, sources.ROWS_BY_ID[model])
        return self.batches[model].add(id_)

    def summary(self, results: Sequence[RowResult], *, atomic: bool) -> dict[str, Any]:
        """The fields of a bulk payload besides its results."""
        failed = sum(bool(result.errors) for result in results)
        return {
            "succeeded": 0 if atomic and failed else len(results) - failed,
            "failed": failed,
            "errors": self.errors(self.call.errors),
            "meta": meta(self.call),
        }

    def errors(self, errors: Sequence[user_errors.UserError]) -> list[payloads.UserError]:
        """Errors as the GraphQL types that implement `UserError`."""
        return [self.error(error) for error in errors]

    def error(self, error: user_errors.UserError) -> payloads.UserError:
        """One error as the most specific GraphQL type."""
        common: dict[str, Any] = {
            "message": error.message,
            "code": error.code,
            "path": list(error.path) if error.path else None,
        }
        match error:
            case user_errors.NotFound():
                return payloads.NotFoundError(**common)
            case user_errors.Duplicate():
                return payloads.DuplicateError(**common, existing=self.row(Shipment, error.existing))
            case user_errors.VersionConflict():
                return payloads.VersionConflictError(
                    **common,
                    expected=error.expected,
                    current=error.current,
                    shipment=self.row(Shipment, error.shipment),
                    changed_fields=error.changed,
                )
            case user_errors.InvalidTransition():
                return payloads.InvalidTransitionError(
                    **common,
                    from_=enums.ShipmentStatus(error.source),
                    to=enums.ShipmentStatus(error.target),
                    allowed=error.allowed,  # type: ignore[arg-type]
                )
            case user_errors.NotEditable():
                return payloads.NotEditableError(
                    **common,
                    status=error.status,  # type: ignore[arg-type]
                    hint=error.hint,
                )
            case user_errors.IdempotencyKeyReused():
                return payloads.IdempotencyError(**common, first_used_at=error.first_used_at)
        return payloads.ValidationError(**common)


def first(results: Sequence[RowResult]) -> RowResult:
    """The result of a call with one row; an empty one if the call itself is invalid."""
    return results[0] if results else RowResult()


def meta(call: MutationCall) -> payloads.MutationMeta:
    """Information about the call."""
    return payloads.MutationMeta(
        replayed=call.replayed, validate_only=call.validate_only, request_id=call.context.request_id
    )


def warnings(result: RowResult) -> list[payloads.Warning]:
    """The warnings of a row."""
    return [
        payloads.Warning(message=message, code=code, path=list(path) or None) for code, message, path in result.warnings
    ]
