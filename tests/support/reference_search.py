"""The meaning of `shipments(search:)` in plain Python over ORM objects, written from its description."""

import re
from typing import Any

from graphql_app.domain import tracking_numbers
from tests.support.orm_rows import AccountRows

WORDS = re.compile(r"[^\W_]+")


def search(row: Any, query: str, loaded: AccountRows) -> bool:
    """A number, reference or tracking number that starts with the query, or a party that contains its words."""
    prefix, number = query.strip(), tracking_numbers.normalize(query)
    values = [
        row.number,
        row.external_reference or "",
        *(reference.value for reference in loaded.references_of[row.id]),
    ]
    if prefix and any(value.startswith(prefix) for value in values):
        return True
    if number and any(
        (package.tracking_number_norm or "").startswith(number) for package in loaded.packages_of[row.id]
    ):
        return True
    words = WORDS.findall(query.lower())
    return bool(words) and any(has_words(party, words) for party in loaded.parties_of[row.id])


def has_words(party: Any, words: list[str]) -> bool:
    """Whether a party contains all words; the last one may be the start of a word."""
    fields = (party.name, party.company, party.city, party.region, party.postal_code)
    party_words = set(WORDS.findall(" ".join(value or "" for value in fields).lower()))
    return set(words[:-1]) <= party_words and any(word.startswith(words[-1]) for word in party_words)
