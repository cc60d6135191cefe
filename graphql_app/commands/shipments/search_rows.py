"""The columns that only searches and filters read, derived from other columns in one place for every write.

Creation and updates use the same functions, so that a changed shipment is found exactly as a new one with the same
values. The normal forms are those of `domain/normal_forms.py` and `domain/search_terms.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from graphql_app.commands.shipments.input_rows import InputRow
from graphql_app.domain import normal_forms, search_terms

SEARCHED_PARTY_COLUMNS = ("name", "company", "city", "region", "postal_code")
"""Columns of a party in which a search finds words."""
CONTACT_COLUMNS = ("email", "phone")
"""Columns of a party that a search finds as a whole."""


def party_row(party: Mapping[str, Any], shipment_id: UUID) -> InputRow:
    """A row of `party` as it is stored, with the column that filters by city compare."""
    city = party["city"]
    return {**party, "shipment_id": shipment_id, "city_key": city and normal_forms.case_folded(city)}


def reference_row(reference: Mapping[str, Any], shipment_id: UUID) -> InputRow:
    """A row of `shipment_reference` as it is stored, with the column that searches compare."""
    return {**reference, "shipment_id": shipment_id, "value_key": search_terms.search_key(reference["value"])}


def search_row(
    account_id: UUID,
    shipment_id: UUID,
    external_reference: str | None,
    parties: Iterable[Mapping[str, Any]],
    items: Iterable[Mapping[str, Any]],
) -> InputRow:
    """The row of `shipment_search` of a shipment with all its parties and items."""
    texts, contacts, skus = [], [], []
    for party in parties:
        texts += [party[name] for name in SEARCHED_PARTY_COLUMNS if party[name]]
        contacts += [party[name] for name in CONTACT_COLUMNS if party[name]]
    for item in items:
        texts.append(item["title"])
        if item["sku"]:
            texts.append(item["sku"])
            skus.append(item["sku"])
    return {
        "shipment_id": shipment_id,
        "external_reference_key": (external_reference and search_terms.search_key(external_reference)) or None,
        "terms": search_terms.document_terms(account_id, texts, skus, contacts),
    }
