"""`shipments(search:)` → a predicate: the start of a number, reference or tracking number, or words of a party.

Every alternative is an index lookup and reads at most `MAX_MATCHES` rows, so that a search that matches everything
costs no more than one that matches little. A blank search matches nothing. The limits of filter strings apply.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, Text, cast, func, select, union_all
from sqlalchemy.dialects.postgresql import TSQUERY

from graphql_app import models
from graphql_app.domain import tracking_numbers
from graphql_app.models.parties import PARTY_WORDS
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.selection import Arguments, RowAlias

MAX_MATCHES = 10_000
"""Maximum number of rows that each alternative of a search reads."""


def search_predicates(row: RowAlias, arguments: Arguments) -> list[predicates.Predicate]:
    """Return the predicate for shipments that match `search`; none if it is omitted."""
    if arguments["search"] is None:
        return []
    matches = [
        prefix_matches(arguments, models.Shipment, "number", "id", str.strip),
        prefix_matches(arguments, models.Shipment, "external_reference", "id", str.strip),
        prefix_matches(arguments, models.ShipmentReference, "value", "shipment_id", str.strip),
        prefix_matches(arguments, models.Package, "tracking_number_norm", "shipment_id", tracking_numbers.normalize),
        word_matches(arguments),
    ]
    return [row.c.id.in_(union_all(*matches))]


def prefix_matches(
    arguments: Arguments, model: type, column: str, shipment_column: str, normalize: Callable[[str], str]
) -> Select[Any]:
    """Return the IDs of shipments with a row whose column begins with the search.

    Args:
        arguments: the arguments with `search`.
        model: the model that is searched.
        column: the column that is compared.
        shipment_column: the column with the ID of the shipment.
        normalize: applied to the search. If nothing remains, no row matches, since an empty prefix would match all.
    """
    table = arguments.builder.row(model)
    text = table.c[column]

    def lower_bound(search: str) -> str:
        return predicates.checked_text(normalize(search)) or predicates.LAST_CHARACTER

    def upper_bound(search: str) -> str:
        return predicates.prefix_upper_bound(normalize(search) or predicates.LAST_CHARACTER)

    where = [
        arguments.builder.account_filter(table),
        text >= arguments.bind("search", Text(), lower_bound),
        text < arguments.bind("search", Text(), upper_bound),
    ]
    return select(table.c[shipment_column]).select_from(table).where(*where).limit(json_sql.sql(str(MAX_MATCHES)))


def word_matches(arguments: Arguments) -> Select[Any]:
    """Return the IDs of shipments with a party that has all words of the search; the last word may be a prefix."""
    party = arguments.builder.row(models.Party)
    words = func.plainto_tsquery(json_sql.sql("'simple'"), arguments.bind("search", Text(), predicates.checked_text))
    query = cast(func.nullif(cast(words, Text), json_sql.sql("''")).op("||")(json_sql.sql("':*'")), TSQUERY)
    where = [arguments.builder.account_filter(party), json_sql.sql(str(PARTY_WORDS)).op("@@")(query)]
    return select(party.c.shipment_id).select_from(party).where(*where).limit(json_sql.sql(str(MAX_MATCHES)))
