"""The tracking page of a package: the carrier's URL template with its placeholders replaced, in the same statement."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from graphql_app import models
from graphql_app.domain import enums, url_templates
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.selection import PlanBuilder, RowAlias, SelectedField, outer_column

NOT_ENCODED = json_sql.string("[A-Za-z0-9._~-]")
"""The unreserved characters of a URL (RFC 3986, section 2.3), as a regular expression."""


def tracking_url(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read `Package.trackingUrl`: null if the carrier, its URL template or the tracking number is missing."""
    builder = field.builder
    shipment, carrier = builder.row(models.Shipment), builder.row(models.Carrier)
    # Most templates have only this placeholder: the subqueries for the others are then not executed.
    url = replaced(carrier.c.tracking_url_template, url_templates.NUMBER, outer_column(row.c.tracking_number_norm))
    rest: ColumnElement[Any] = replaced(
        url, url_templates.RAW_NUMBER, percent_encoded(builder, outer_column(row.c.tracking_number))
    )
    recipient = builder.row(models.Party)
    code = percent_encoded(builder, outer_column(recipient.c.postal_code))
    rest = replaced(rest, url_templates.POSTAL_CODE, of_recipient(builder, row, recipient, code))
    recipient = builder.row(models.Party)
    rest = replaced(rest, url_templates.COUNTRY, of_recipient(builder, row, recipient, recipient.c.country_code))
    is_complete = func.strpos(url, json_sql.string("{")) == json_sql.sql("0")
    where = [
        shipment.c.id == outer_column(row.c.shipment_id),
        carrier.c.id == shipment.c.carrier_id,
        builder.account_check(shipment),
        builder.account_check(carrier),
    ]
    value = case((is_complete, url), else_=rest)
    return field.scalar(select(value).select_from(shipment, carrier).where(*where).scalar_subquery())


def replaced(template: ColumnElement[Any], placeholder: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a template with a placeholder replaced."""
    return func.replace(template, json_sql.string(placeholder), value, type_=Text())


def of_recipient(
    builder: PlanBuilder, package: RowAlias, recipient: RowAlias, value: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return a value of the recipient of a package's shipment; the empty text if it has none."""
    where = [
        recipient.c.shipment_id == outer_column(package.c.shipment_id),
        recipient.c.role == predicates.enum_literal(enums.PartyRole.RECIPIENT),
        builder.account_check(recipient),
    ]
    return func.coalesce(select(value).select_from(recipient).where(*where).scalar_subquery(), json_sql.string(""))


def percent_encoded(builder: PlanBuilder, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text with all characters but the unreserved ones percent-encoded in UTF-8 (RFC 3986, section 2.1)."""
    name = builder.unique_name("character")
    character = func.string_to_table(value, json_sql.sql("NULL")).table_valued(
        "value", with_ordinality="at", name=name
    ).render_derived()  # fmt: skip
    hexadecimal = func.upper(func.encode(func.convert_to(character.c.value, json_sql.ENCODING), json_sql.string("hex")))
    encoded = func.regexp_replace(
        hexadecimal, json_sql.string("(..)"), json_sql.string(r"%\1"), json_sql.string("g"), type_=Text()
    )
    text = case((character.c.value.op("~")(NOT_ENCODED), character.c.value), else_=encoded)
    joined = func.string_agg(text, aggregate_order_by(json_sql.string(""), character.c.at))
    return select(joined).select_from(character).scalar_subquery()
