"""`shipments(search:)` → a predicate: the start of a number, reference or tracking number, or words of its texts.

Every alternative is an index lookup and returns at most `MAX_MATCHES` rows. A search without letters and digits matches
nothing. The normal forms are those of the columns that are searched; the limits of filter strings apply.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, Text, cast, func, select, union_all
from sqlalchemy.dialects.postgresql import TSQUERY

from graphql_app import models
from graphql_app.domain import normal_forms, search_terms
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates, text_values
from graphql_app.query_engine.selection import Arguments, RowAlias

MAX_MATCHES = 10_000
"""Maximum number of rows that each alternative of a search returns."""


def search_predicates(row: RowAlias, arguments: Arguments) -> list[predicates.Predicate]:
    """Return the predicate for shipments that match `search`; none if it is omitted."""
    if arguments["search"] is None:
        return []
    key = search_terms.search_key
    matches = [
        prefix_matches(arguments, models.Shipment, "number", "id", search_terms.number_key),
        prefix_matches(arguments, models.ShipmentSearch, "external_reference_key", "shipment_id", key),
        prefix_matches(arguments, models.ShipmentReference, "value_key", "shipment_id", key),
        prefix_matches(arguments, models.Package, "tracking_number_norm", "shipment_id", normal_forms.tracking_number),
        term_matches(arguments),
    ]
    return [row.c.id.in_(union_all(*matches))]


def prefix_matches(
    arguments: Arguments, model: type, column: str, shipment_column: str, normal_form: Callable[[str], str]
) -> Select[Any]:
    """Return the IDs of shipments with a row whose column begins with the search.

    Args:
        arguments: the arguments with `search`.
        model: the model that is searched.
        column: the column that is compared.
        shipment_column: the column with the ID of the shipment.
        normal_form: the normal form of the column. If it is empty, no row matches.
    """
    table = arguments.builder.row(model)
    text = table.c[column]

    def lower_bound(search: str) -> str:
        return normal_form(text_values.checked_text(search))

    def upper_bound(search: str) -> str:
        return text_values.prefix_upper_bound(lower_bound(search))

    where = [
        arguments.builder.account_filter(table),
        text >= arguments.bind("search", Text(), lower_bound),
        text < arguments.bind("search", Text(), upper_bound),
    ]
    return select(table.c[shipment_column]).select_from(table).where(*where).limit(json_sql.sql(str(MAX_MATCHES)))


def term_matches(arguments: Arguments) -> Select[Any]:
    """Return the IDs of shipments with all words of the search; the last word may be a prefix."""

    def query_of(search: str) -> str | None:
        return search_terms.query(text_values.checked_text(search))

    table = arguments.builder.row(models.ShipmentSearch)
    tag = func.right(cast(arguments.builder.account(), Text), json_sql.sql(str(search_terms.ACCOUNT_TAG_CHARACTERS)))
    placeholder = json_sql.sql(f"chr({ord(search_terms.ACCOUNT_TAG)})")
    query = cast(func.replace(arguments.bind("search", Text(), query_of), placeholder, tag), TSQUERY)
    where = [arguments.builder.account_filter(table), table.c.terms.op("@@")(query)]
    return select(table.c.shipment_id).select_from(table).where(*where).limit(json_sql.sql(str(MAX_MATCHES)))
