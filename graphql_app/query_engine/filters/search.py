"""`shipments(search:)` → a predicate: the text is a number, reference or tracking number, whole or its beginning, or
words of a party.

Every way to find is an index lookup, and looks at no more than `MOST` matches, so that a search that matches everything
costs no more than one that matches little. Refuses nothing; a blank search finds nothing.
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
from graphql_app.query_engine.selection import Arguments, Row

MAX_MATCHES = 10_000


def search_predicates(row: Row, given: Arguments) -> list[predicates.Predicate]:
    """The rows of shipments that a search finds; everything when there is none."""
    if given["search"] is None:
        return []
    ways = [
        by_prefix(given, models.Shipment, "number", "id", str.strip),
        by_prefix(given, models.Shipment, "external_reference", "id", str.strip),
        by_prefix(given, models.ShipmentReference, "value", "shipment_id", str.strip),
        by_prefix(given, models.Package, "tracking_number_norm", "shipment_id", tracking_numbers.normalize),
        by_words(given),
    ]
    return [row.c.id.in_(union_all(*ways))]


def by_prefix(given: Arguments, model: type, column: str, shipment: str, normal: Callable[[str], str]) -> Select[Any]:
    """Shipments of rows whose text begins with the search; none for an empty one, which would be all."""
    table = given.builder.row(model)
    text = table.c[column]
    wanted = [
        given.builder.account_filter(table),
        text
        >= given.bind(
            "search", Text(), lambda search: predicates.checked_text(normal(search)) or predicates.LAST_CHARACTER
        ),
        text
        < given.bind(
            "search", Text(), lambda search: predicates.after_prefix(normal(search) or predicates.LAST_CHARACTER)
        ),
    ]
    return select(table.c[shipment]).select_from(table).where(*wanted).limit(json_sql.sql(str(MAX_MATCHES)))


def by_words(given: Arguments) -> Select[Any]:
    """Shipments with a party that has all words of the search, the last one perhaps only begun."""
    party = given.builder.row(models.Party)
    words = func.plainto_tsquery(json_sql.sql("'simple'"), given.bind("search", Text(), predicates.checked_text))
    query = cast(func.nullif(cast(words, Text), json_sql.sql("''")).op("||")(json_sql.sql("':*'")), TSQUERY)
    wanted = [given.builder.account_filter(party), json_sql.sql(str(PARTY_WORDS)).op("@@")(query)]
    return select(party.c.shipment_id).select_from(party).where(*wanted).limit(json_sql.sql(str(MAX_MATCHES)))
