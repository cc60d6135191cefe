"""Fields that follow from the status of a shipment: phase, editable fields, allowed transitions and the explanation.

The rules are those of `domain.status_rules`, which the commands enforce too.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, case, select

from graphql_app import models
from graphql_app.domain import enums, status_projection, status_rules
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.selection import RowAlias, SelectedField, outer_column

MAX_NOT_APPLIED = 50
"""Maximum number of events in `StatusExplanation.notApplied`, oldest first."""


def json_names(names: tuple[str, ...]) -> str:
    """Return a JSON list of names that need no escaping: enum values or field names."""
    return "[" + ",".join(f'"{name}"' for name in names) + "]"


def by_status(row: RowAlias, texts: Mapping[enums.ShipmentStatus, str]) -> ColumnElement[str]:
    """Return a text that depends only on the status of a shipment."""
    groups: dict[str, list[enums.ShipmentStatus]] = {}
    for status, text in texts.items():
        groups.setdefault(text, []).append(status)
    *others, (most_common, _) = sorted(groups.items(), key=lambda group: len(group[1]))
    cases = [(predicates.enum_in(row.c.status, statuses), json_sql.string(text)) for text, statuses in others]
    return case(*cases, else_=json_sql.string(most_common))


def phase(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the phase that a status belongs to."""
    return field.scalar(by_status(row, {status: status_rules.phase(status).value for status in enums.ShipmentStatus}))


def editable_fields(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the input fields that can be changed in the current phase."""
    names = {
        status: json_names(status_rules.EDITABLE_FIELDS[status_rules.phase(status)]) for status in enums.ShipmentStatus
    }
    return [by_status(row, names)]


def allowed_transitions(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the statuses that commands can set. A draft can be confirmed only if it has a package and a recipient."""
    party = field.builder.row(models.Party)
    recipient = select(json_sql.sql("1")).select_from(party).where(
        party.c.shipment_id == outer_column(row.c.id),
        party.c.role == predicates.enum_literal(enums.PartyRole.RECIPIENT),
        field.builder.account_check(party),
    )  # fmt: skip
    is_complete = and_(row.c.package_count > json_sql.sql("0"), recipient.exists())
    is_draft = row.c.status == predicates.enum_literal(enums.ShipmentStatus.DRAFT)
    if_complete = {
        status: json_names(status_rules.allowed_transitions(status, complete=True)) for status in enums.ShipmentStatus
    }
    if_incomplete = json_names(status_rules.allowed_transitions(enums.ShipmentStatus.DRAFT, complete=False))
    return [case((and_(is_draft, ~is_complete), json_sql.string(if_incomplete)), else_=by_status(row, if_complete))]


STATUS_RULES = {
    enums.StatusSource.COMMAND: "Set by a command: creation, shipmentConfirm or shipmentCancel.",
    enums.StatusSource.OVERRIDE: "Set by shipmentOverrideStatus; later events go on from there.",
    enums.StatusSource.PROJECTION: "Decided by the latest tracking event that applies, rolled up over the packages.",
}
"""`StatusExplanation.rule` for each source of a status."""


RETURN_RULE = (
    "On the way back to the shipper since RETURN_STARTED: later scans keep RETURNING, and a delivery means RETURNED. "
    "REDIRECTED or an override ends the return."
)
"""`StatusExplanation.rule` of a return."""


def status_explanation(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the rule and the event that determined the status, and the events that were not applied."""
    is_return = [
        row.c.status_source == predicates.enum_literal(enums.StatusSource.PROJECTION),
        predicates.enum_in(row.c.status, status_projection.RETURN_STATUSES),
    ]
    rules = [(and_(*is_return), json_sql.string(RETURN_RULE))] + [
        (row.c.status_source == predicates.enum_literal(source), json_sql.string(rule))
        for source, rule in STATUS_RULES.items()
    ]
    without_status = predicates.enum_literal(enums.NotAppliedReason.NOT_STATUS_BEARING)
    return field.embedded_object(
        decidedBy=lambda selected: selected.single_row(
            models.TrackingEvent, lambda event: [event.c.id == outer_column(row.c.status_event_id)]
        ),
        rule=case(*rules),
        notApplied=lambda selected: selected.row_list(
            models.TrackingEvent,
            lambda event: [
                event.c.shipment_id == outer_column(row.c.id),
                event.c.not_applied_reason != without_status,
            ],
            lambda event: [event.c.occurred_at, event.c.position, event.c.id],
            limit=MAX_NOT_APPLIED,
        ),
    )
