"""The terms of `shipments(search:)`: the words of a text, and the query that finds them. Both use the same normal form.

Compatibility characters, case, accents and similar differences are removed (`fold`). A word is a run of letters and
digits; Chinese, Japanese and Korean text has no reliable word boundaries, so each pair of neighbouring characters is a
word. `search_key` is the form of references and article numbers: all letters and digits without separators.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from uuid import UUID

from graphql_app.domain import normal_forms

ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
"""Combining marks that are removed: accents of Latin, Greek and Cyrillic letters, Hebrew points and Arabic vowels.
Marks of other scripts, such as the Japanese voicing mark, make another letter and are kept."""
CJK = re.compile(
    "[\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u3131-\u318e\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af]+"
)
"""A run of Chinese, Japanese or Korean characters."""
ASCII_WORD = re.compile(r"[a-z0-9]+", re.ASCII)
"""A word of a folded ASCII text."""
MAX_WORD_CHARACTERS = 64
"""Longer words are truncated, in texts and in queries."""
MAX_WORDS = 3_000
"""Number of different words of a shipment that the search finds. 3,000 words of 64 characters fit into a tsvector,
which holds up to 1 MB."""
MAX_CONTACT_CHARACTERS = 254
"""Longer e-mail addresses are truncated."""
ACCOUNT_TAG_CHARACTERS = 4
"""Hexadecimal digits of the tag of an account."""
ACCOUNT_TAG = "\x01"
"""Stands for the tag of the account in `query`; the statement replaces it."""
MAX_KEY_CHARACTERS = 128
"""Longer keys are truncated, in texts and in queries."""
SKU, CONTACT = "#", "@"
"""First character of the terms that are no words: article numbers, which are found by prefix, and e-mail addresses and
telephone numbers, which are found as a whole. No word begins with them."""


def base_letters() -> dict[int, str]:
    """Return the base letter of each Latin letter with a stroke, hook or the like, which Unicode does not decompose,
    and the letters for the ligatures and the Icelandic and dotless letters, by code point."""
    result = {
        ord("æ"): "ae",
        ord("œ"): "oe",
        ord("þ"): "th",
        ord("ð"): "d",
        ord("ı"): "i",
        ord("ŋ"): "n",
        ord("ĸ"): "k",
    }
    for first, last in ((0x80, 0x2AF), (0x1D6B, 0x1DBF), (0x1E00, 0x1EFF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF)):
        for code_point in range(first, last + 1):
            name = unicodedata.name(chr(code_point), "")
            if match := re.match(r"LATIN SMALL LETTER ([A-Z]) (WITH |BAR$)", name):
                result.setdefault(code_point, match[1].lower())
    return result


BASE_LETTERS = base_letters()
"""Base letter by code point, for `fold`."""


def fold(text: str) -> str:
    """Return a text without differences of compatibility, case and accents: `Łódź` and `LODZ` become `lodz`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", ACCENTS.sub("", decomposed).translate(BASE_LETTERS))


def runs(text: str) -> list[str]:
    """Return the runs of letters and digits of a text, folded."""
    folded = fold(text)
    if folded.isascii():
        return ASCII_WORD.findall(folded)
    return "".join(
        normal_forms.ascii_digit(character) if normal_forms.is_letter_or_digit(character) else " "
        for character in folded
    ).split()


def search_key(text: str) -> str:
    """Return the letters and digits of a text, folded and without separators: `ASN-93/a` becomes `asn93a`."""
    return "".join(runs(text))[:MAX_KEY_CHARACTERS]


def number_key(text: str) -> str:
    """Return the beginning of a shipment number as the database generates it: `shp-1` becomes `SHP-1`."""
    return normal_forms.code(unicodedata.normalize("NFKC", text))


def parts(run: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a run, and whether each is Chinese, Japanese or Korean text."""
    position = 0
    for match in () if run.isascii() else CJK.finditer(run):
        if match.start() > position:
            yield run[position : match.start()], False
        yield match[0], True
        position = match.end()
    if position < len(run):
        yield run[position:], False


def words(text: str) -> Iterator[str]:
    """Yield the words of a text that is searched. Of Chinese, Japanese and Korean text: each pair of characters, and
    the last character, so that every single character is the beginning of a word."""
    for run in runs(text):
        for part, is_cjk in parts(run):
            if is_cjk:
                yield from (part[index : index + 2] for index in range(len(part)))
            else:
                yield part[:MAX_WORD_CHARACTERS]


def contact(text: str) -> str:
    """Return an e-mail address or telephone number as it is compared; empty if the text is neither.

    An address keeps its punctuation and is folded by case. Of a number only the letters and digits count.
    """
    if "@" in text:
        return unicodedata.normalize("NFKC", text).replace(ACCOUNT_TAG, "").strip().casefold()[:MAX_CONTACT_CHARACTERS]
    key = search_key(text)
    return key if any(map(str.isdigit, key)) else ""


def document_terms(account_id: UUID, texts: Iterable[str], skus: Iterable[str], contacts: Iterable[str]) -> list[str]:
    """Return the different terms of a shipment with its account's tag, at most `MAX_WORDS`: contacts, article numbers
    and words."""
    terms: dict[str, None] = {}
    for kind, values, form in ((CONTACT, contacts, contact), (SKU, skus, search_key)):
        for value in values:
            if term := form(value):
                terms[kind + term] = None
    for text in texts:
        for word in words(text):
            terms[word] = None
    tag = account_tag(account_id)
    return [tag + term for term in list(terms)[:MAX_WORDS]]


def account_tag(account_id: UUID) -> str:
    """Return the characters that precede every term of an account in the index, so that the words of other accounts
    are not read: the last digits of its id. Two accounts may have the same; the account is compared as well."""
    return account_id.hex[-ACCOUNT_TAG_CHARACTERS:]


def query(search: str) -> str | None:
    """Return a tsquery for shipments with all words of a search, the last one possibly incomplete; None if it has no
    words.

    A part of the search between blanks may also be an article number, an e-mail address or a telephone number, and so
    may the whole search. `ACCOUNT_TAG` stands for the tag of the account.
    """
    chunks = [chunk for chunk in search.split() if runs(chunk)]
    if not chunks:
        return None
    conditions = [*map(alternatives, chunks[:-1]), alternatives(chunks[-1], is_last=True)]
    return " | ".join([f"({' & '.join(conditions)})", *(whole_terms(search, ":*") if len(chunks) > 1 else [])])


def whole_terms(text: str, suffix: str) -> list[str]:
    """Return the lexemes of a text as a contact and as an article number, the latter with a suffix."""
    number = contact(text)
    return [*([lexeme(CONTACT + number)] if number else []), lexeme(SKU + search_key(text), suffix)]


def alternatives(chunk: str, *, is_last: bool = False) -> str:
    """Return the tsquery for one part of a search: all its words, or an article number, or a contact."""
    terms = []
    chunk_parts = [part for run in runs(chunk) for part in parts(run)]
    for index, (part, is_cjk) in enumerate(chunk_parts):
        prefix = ":*" if is_last and index == len(chunk_parts) - 1 else ""
        if not is_cjk:
            terms.append(lexeme(part[:MAX_WORD_CHARACTERS], prefix))
        elif len(part) == 1:
            terms.append(lexeme(part, ":*"))  # a single character begins a pair
        else:
            terms += [lexeme(part[index : index + 2]) for index in range(len(part) - 1)]
    return f"({' & '.join(terms)} | {' | '.join(whole_terms(chunk, ':*' if is_last else ''))})"


def lexeme(term: str, suffix: str = "") -> str:
    """Return a quoted lexeme of a tsquery, with the account's tag. The suffix `:*` makes it a prefix."""
    quoted = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{ACCOUNT_TAG}{quoted}'{suffix}"
