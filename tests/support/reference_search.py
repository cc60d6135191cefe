"""The meaning of `shipments(search:)` in plain Python over ORM objects, written from its description."""

from typing import Any

from graphql_app.domain import normal_forms, search_terms
from tests.support.orm_rows import AccountRows


def search(row: Any, query: str, loaded: AccountRows) -> bool:
    """A number, reference or tracking number that starts with the query, or texts that contain its words.

    The normal forms are those of the program, which `tests/domain/test_search_terms.py` compares with examples.
    """
    key, number = search_terms.search_key(query), normal_forms.tracking_number(query)
    references = [row.external_reference or "", *(reference.value for reference in loaded.references_of[row.id])]
    numbers = [package.tracking_number_norm or "" for package in loaded.packages_of[row.id]]
    if query.strip() and row.number.startswith(query.strip().upper()):
        return True
    if key and any(search_terms.search_key(reference).startswith(key) for reference in references):
        return True
    return bool(number and any(text.startswith(number) for text in numbers)) or has_words(row, query, loaded)


def has_words(row: Any, query: str, loaded: AccountRows) -> bool:
    """Whether the texts of a shipment contain all words of the query, of which the last one may be incomplete.

    Each part between blanks, and the whole, may be an article number, an e-mail address or a telephone number instead.
    """
    parties, items = loaded.parties_of[row.id], loaded.items_of[row.id]
    texts = [text for p in parties for text in (p.name, p.company, p.city, p.region, p.postal_code) if text]
    document = {word for text in [*texts, *(item.title for item in items)] for word in search_terms.words(text)}
    document |= {word for item in items if item.sku for word in search_terms.words(item.sku)}
    skus = [search_terms.search_key(item.sku) for item in items if item.sku]
    contacts = {search_terms.contact(text) for p in parties for text in (p.email, p.phone) if text} - {""}
    parts = [part for part in query.split() if search_terms.search_key(part)]

    def matches(part: str, is_last: bool) -> bool:
        words = [word for word in search_terms.words(part)]
        cjk_end = len(words) > 1 and len(words[-1]) == 1 and len(words[-2]) == 2 and words[-2][1] == words[-1]
        words = words[:-1] if cjk_end else words
        complete, last = (words[:-1], words[-1:]) if is_last else (words, [])
        key = search_terms.search_key(part)
        return (
            (set(complete) <= document and all(any(word.startswith(start) for word in document) for start in last))
            or any(sku.startswith(key) if is_last else sku == key for sku in skus)
            or search_terms.contact(part) in contacts
        )  # fmt: skip

    if not parts:
        return False
    return all(matches(part, index == len(parts) - 1) for index, part in enumerate(parts)) or (
        search_terms.contact(query) in contacts or any(sku.startswith(search_terms.search_key(query)) for sku in skus)
    )
