"""Outcomes → payloads. What was written is read back after the commit, all rows of a call by one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from graphql_app.auth import api_key
from graphql_app.commands.command import RowResult
from graphql_app.domain import enums
from graphql_app.errors import user_errors as user_errors_module
from graphql_app.graphql_types import payloads
from graphql_app.graphql_types.api_keys import ApiKeyCreatePayload, ApiKeyPayload
from graphql_app.models import ApiKey, Carrier, Shipment, TrackingEvent
from graphql_app.mutations.call import MutationCall
from graphql_app.query_engine import sources
from graphql_app.query_engine.executor import RowBatch


class PayloadBuilder:
    """The answer to one call in the making."""

    def __init__(self, call: MutationCall) -> None:
        self.call = call
        self.batches: dict[type[SQLModel], RowBatch] = {}

    @property
    def meta(self) -> payloads.MutationMeta:
        """About the call, as it stands when it is asked for: an answer may be begun before its call has run."""
        call = self.call
        return payloads.MutationMeta(
            replayed=call.replayed, validate_only=call.validate_only, request_id=call.context.request_id
        )

    def row(self, model: type[SQLModel], id_: UUID | None) -> Any:
        """Where a row is shown."""
        if id_ is None:
            return None
        if model not in self.batches:
            self.batches[model] = RowBatch(self.call.context.reader, sources.ROWS_BY_ID[model])
        return self.batches[model].read(id_)

    def shown(self, model: type[SQLModel], outcome: RowResult, id_: UUID | None) -> Any:
        return None if outcome.errors else self.row(model, id_)

    def shipment(self, outcomes: Sequence[RowResult]) -> payloads.ShipmentPayload:
        outcome = outcomes[0] if outcomes else RowResult()
        return payloads.ShipmentPayload(
            shipment=self.shown(Shipment, outcome, outcome.shipment),
            created=outcome.created,
            errors=self.user_errors([*self.call.errors, *outcome.errors]),
            warnings=warnings(outcome),
            meta=self.meta,
        )

    def shipments(self, outcomes: Sequence[RowResult], *, whole: bool) -> payloads.ShipmentBulkPayload:
        results = [
            payloads.ShipmentBulkResult(
                index=index,
                client_ref=outcome.client_ref,
                shipment=self.shown(Shipment, outcome, outcome.shipment),
                created=outcome.created,
                errors=self.user_errors(outcome.errors),
                warnings=warnings(outcome),
            )
            for index, outcome in enumerate(outcomes)
        ]
        return payloads.ShipmentBulkPayload(results=results, **self.about(outcomes, whole))

    def events(self, outcomes: Sequence[RowResult], *, whole: bool) -> payloads.TrackingEventsPayload:
        results = [
            payloads.TrackingEventResult(
                index=index,
                event=self.shown(TrackingEvent, outcome, outcome.event if self.stays(outcome) else None),
                duplicate=outcome.duplicate,
                status_changed=outcome.status_changed,
                errors=self.user_errors(outcome.errors),
                warnings=warnings(outcome),
            )
            for index, outcome in enumerate(outcomes)
        ]
        return payloads.TrackingEventsPayload(results=results, **self.about(outcomes, whole))

    def stays(self, outcome: RowResult) -> bool:
        """Whether the event of an outcome is there to be read: an event that was only checked is not."""
        return not self.call.validate_only or not outcome.created

    def carrier(self, outcomes: Sequence[RowResult]) -> payloads.CarrierPayload:
        outcome = outcomes[0] if outcomes else RowResult()
        return payloads.CarrierPayload(
            carrier=self.shown(Carrier, outcome, outcome.carrier),
            errors=self.user_errors([*self.call.errors, *outcome.errors]),
            meta=self.meta,
        )

    def about(self, outcomes: Sequence[RowResult], whole: bool) -> dict[str, Any]:
        """What is said of a call with many rows."""
        failed = sum(bool(outcome.errors) for outcome in outcomes)
        done = 0 if whole and failed else len(outcomes) - failed
        problems = self.user_errors(self.call.errors)
        return {"succeeded": done, "failed": failed, "errors": problems, "meta": self.meta}

    def user_errors(self, problems: Sequence[user_errors_module.UserError]) -> list[payloads.UserError]:
        return [self.error(problem) for problem in problems]

    def error(self, problem: user_errors_module.UserError) -> payloads.UserError:
        """A problem as the type that says the most about it."""
        said: dict[str, Any] = {
            "message": problem.message,
            "code": problem.code,
            "path": list(problem.path) if problem.path else None,
        }
        if isinstance(problem, user_errors_module.NotFound):
            return payloads.NotFoundError(**said)
        if isinstance(problem, user_errors_module.Duplicate):
            return payloads.DuplicateError(**said, existing=self.row(Shipment, problem.existing))
        if isinstance(problem, user_errors_module.VersionConflict):
            shipment = self.row(Shipment, problem.shipment)
            return payloads.VersionConflictError(
                **said, expected=problem.expected, current=problem.current, shipment=shipment,
                changed_fields=problem.changed,
            )  # fmt: skip
        if isinstance(problem, user_errors_module.InvalidTransition):
            return payloads.InvalidTransitionError(
                **said,
                from_=enums.ShipmentStatus(problem.source),
                to=enums.ShipmentStatus(problem.target),
                allowed=problem.allowed,  # type: ignore[arg-type]
            )
        if isinstance(problem, user_errors_module.NotEditable):
            return payloads.NotEditableError(**said, status=problem.status, hint=problem.hint)  # type: ignore[arg-type]
        if isinstance(problem, user_errors_module.IdempotencyKeyReused):
            return payloads.IdempotencyError(**said, first_used_at=problem.first_used_at)
        return payloads.ValidationError(**said)


def warnings(outcome: RowResult) -> list[payloads.Warning]:
    return [
        payloads.Warning(message=message, code=code, path=list(path) or None)
        for code, message, path in outcome.warnings
    ]


def api_key_create_payload(
    call: MutationCall, outcomes: Sequence[RowResult], secret: api_key.ApiKeySecret
) -> ApiKeyCreatePayload:
    """The answer to `apiKeyCreate`."""
    shown = api_key_payload(call, outcomes)
    new = any(outcome.api_key for outcome in outcomes) and not call.replayed
    return ApiKeyCreatePayload(
        api_key=shown.api_key, secret=secret.text if new else None, errors=shown.errors, meta=shown.meta
    )


def api_key_payload(call: MutationCall, outcomes: Sequence[RowResult]) -> ApiKeyPayload:
    """The answer to `apiKeyRevoke`."""
    answer, outcome = PayloadBuilder(call), outcomes[0] if outcomes else RowResult()
    return ApiKeyPayload(
        api_key=answer.shown(ApiKey, outcome, outcome.api_key),
        errors=answer.user_errors([*call.errors, *outcome.errors]),
        meta=answer.meta,
    )
