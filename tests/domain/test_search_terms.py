"""Search terms: a text and a query have one normal form, whatever their case, accents, widths and separators."""

import re
import unicodedata
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import search_terms

ACCOUNT = UUID(int=0xABCD)


def words(text: str) -> list[str]:
    """The words of a text."""
    return list(search_terms.words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller/Schmidt GmbH", ["muller", "schmidt", "gmbh"]),
        ("St.Gallen", ["st", "gallen"]),
        ("Jean-Pierre", ["jean", "pierre"]),
        ("Łódź", ["lodz"]),
        ("Côte d'Ivoire", ["cote", "d", "ivoire"]),
        ("Co\u0302te d\u2019Ivoire", ["cote", "d", "ivoire"]),
        ("Øresund Straße Æbleskiver", ["oresund", "strasse", "aebleskiver"]),
        ("Đà Nẵng", ["da", "nang"]),
        ("Þórshöfn Ísafjörður", ["thorshofn", "isafjordur"]),
        ("İstanbul ISPARTA ılıca", ["istanbul", "isparta", "ilica"]),
        ("Ħamrun Œuvre ŋ", ["hamrun", "oeuvre", "n"]),
        ("ＡＢＣ１２３ ﬁne", ["abc123", "fine"]),
        ("Йошкар-Ола", ["иошкар", "ола"]),
        ("Αθήνας", ["αθηνασ"]),
        ("\u0661\u0662", ["12"]),
        ("東京都", ["東京", "京都", "都"]),
        ("東", ["東"]),
        ("ｶﾞｿﾘﾝ", ["ガソ", "ソリ", "リン", "ン"]),
        ("서울시 ACME東京", ["서울", "울시", "시", "acme", "東京", "京"]),
        ("a_b", ["a", "b"]),
        ("...", []),
        ("", []),
    ],
)
def test_a_text_is_split_into_folded_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert words(unicodedata.normalize("NFD", text)) == expected
    assert words(unicodedata.normalize("NFC", text).swapcase()) == expected


@given(st.text(max_size=40))
def test_case_and_composition_do_not_matter_for_any_text(text: str) -> None:
    folded = search_terms.fold(text)
    assert search_terms.fold(unicodedata.normalize("NFD", text)) == folded
    assert search_terms.fold(unicodedata.normalize("NFKC", text)) == folded
    assert all(word and " " not in word for word in words(text))


def test_the_base_letters_cover_the_latin_letters_with_strokes_and_hooks() -> None:
    for text, expected in (("łøđħŧƀƶɉɨʉ", "lodhtbzjiu"), ("ɓɗɠƙƥƭ", "bdgkpt"), ("ßæœþðıĸŋ", "ssaeoethdikn")):
        assert search_terms.fold(text) == expected
        assert search_terms.fold(text.upper()) == expected.replace("kn", "kn") or "ĸ" in text


@pytest.mark.parametrize(
    ("text", "key"), [("ASN-93/a", "asn93a"), ("  Ñ 12 ", "n12"), ("--", ""), ("a" * 200, "a" * 128)]
)
def test_a_key_has_letters_and_digits_only(text: str, key: str) -> None:
    assert search_terms.search_key(text) == key


def test_a_contact_is_an_address_or_a_number() -> None:
    assert search_terms.contact(" Ada.B@Example.COM ") == "ada.b@example.com"
    assert search_terms.contact("+49 (30) 901820-0") == "49309018200"
    assert search_terms.contact("ask Ada") == ""


def test_a_document_has_the_tag_of_its_account_and_a_limited_number_of_terms() -> None:
    terms = search_terms.document_terms(ACCOUNT, ["Ada Ada", ""], ["SKU-1"], ["a@b.c", "none"])
    assert terms == ["abcd@a@b.c", "abcd#sku1", "abcdada"]
    many = search_terms.document_terms(ACCOUNT, (f"word{n}" for n in range(10_000)), [], [])
    assert len(many) == search_terms.MAX_WORDS


@given(st.text(max_size=100))
def test_the_largest_document_fits_into_a_tsvector(text: str) -> None:
    longest_word = max((len(word.encode()) for word in words(text * 10)), default=0)
    key = search_terms.search_key(text * 10)
    assert longest_word <= 4 * search_terms.MAX_WORD_CHARACTERS
    assert len(key.encode()) <= 4 * search_terms.MAX_KEY_CHARACTERS
    assert search_terms.MAX_WORDS * (4 + 4 * search_terms.MAX_WORD_CHARACTERS) < 2**20


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_every_search_is_a_well_formed_query(search: str) -> None:
    query = search_terms.query(search)
    if query is None:
        assert words(search) == []
        return
    lexemes = re.findall(r"'((?:[^'\\]|''|\\\\)*)'(?::\*)?", query)
    assert lexemes
    assert all(lexeme.startswith(search_terms.ACCOUNT_TAG) and len(lexeme) > 1 for lexeme in lexemes)
    assert set(re.sub(r"'(?:[^'\\]|''|\\\\)*'(?::\*)?", "", query)) <= set("()&| ")


def test_the_prefix_is_on_the_last_word_only() -> None:
    query = search_terms.query("Jean-Pi Du")
    assert query is not None
    assert query.replace(search_terms.ACCOUNT_TAG, "") == (
        "(('jean' & 'pi' | '#jeanpi') & ('du':* | '#du':*)) | '#jeanpidu':*"
    )
