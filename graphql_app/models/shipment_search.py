"""The table `shipment_search`: the terms by which `shipments(search:)` finds a shipment."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, Uuid, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import SQLModel

from graphql_app.models.columns import ACCOUNT, column, identifier, reference

PENDING_LIST_KB = 256
"""Size in kB up to which PostgreSQL appends new terms to an unordered list, which every search reads, before it merges
them into the index. With its default of 4 MB a search reads up to 500 pages more."""


class ShipmentSearch(SQLModel, table=True):
    """The search terms of a shipment, in the normal form of `domain/search_terms.py`. Written with its parties, items
    and external reference; a table of its own, because tracking events update the row of the shipment often."""

    __tablename__ = "shipment_search"
    __table_args__ = (
        Index(
            "ix_shipment_search_external_reference",
            "account_id",
            "external_reference_key",
            postgresql_where=text("external_reference_key IS NOT NULL"),
        ),
        Index(
            "ix_shipment_search_terms",
            "terms",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": PENDING_LIST_KB},
        ),
        {"comment": "The terms by which a search finds a shipment. Derived from its parties and items."},
    )
    shipment_id: UUID = reference("shipment", "The shipment that the terms belong to.", primary_key=True)
    account_id: UUID = column(Uuid, ACCOUNT)
    external_reference_key: str | None = column(
        identifier(128), "Letters and digits of the external reference, folded. Null if there are none.", null=True
    )
    terms: Any = column(TSVECTOR, "Words, article numbers and contacts, each with the tag of the account.")
