"""Normal forms: equal texts have one form, different tracking numbers stay different."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import normal_forms


@given(st.text(max_size=30))
def test_a_text_its_decomposed_form_and_its_padded_form_have_one_form(value: str) -> None:
    form = normal_forms.text(value)
    decomposed = unicodedata.normalize("NFD", form)
    assert normal_forms.text(decomposed) == normal_forms.text(f" \t{form}\u3000\n") == normal_forms.text(form) == form


@given(st.text(max_size=30))
def test_case_does_not_matter_in_a_folded_text(value: str) -> None:
    folded = normal_forms.case_folded(value)
    assert normal_forms.case_folded(folded) == folded
    assert normal_forms.case_folded(unicodedata.normalize("NFD", value)) == folded


@pytest.mark.parametrize(
    ("value", "other"),
    [("MÜNCHEN", "München"), ("STRASSE", "Straße"), ("ΑΘΗΝΑΣ", "αθηνας"), ("ŁÓDŹ", "łódź")],
)
def test_two_cities_that_differ_by_case_are_equal(value: str, other: str) -> None:
    assert normal_forms.case_folded(value) == normal_forms.case_folded(other)


@pytest.mark.parametrize(
    ("entered", "form"),
    [
        ("1z 999-aa1 01 2345 6784", "1Z999AA10123456784"),
        ("１Ｚ９９９－ＡＡ１", "1Z999AA1"),
        ("\u0661\u0662\u0663", "123"),
        ("jd\u00a001\u200b46", "JD0146"),
        ("²½", "212"),
        (" -- ", ""),
        ("ÄB1", "ÄB1"),
        ("a\u0308B1", "ÄB1".replace("Ä", "ä")),
        ("ıß", "ıß"),
    ],
)
def test_a_tracking_number_is_compared_by_its_letters_and_digits(entered: str, form: str) -> None:
    assert normal_forms.tracking_number(entered).casefold() == form.casefold()


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6))
def test_two_tracking_numbers_of_letters_and_digits_are_equal_only_up_to_case_and_compatibility(value: str) -> None:
    """No letter and no digit is dropped: the form has all of those of the compatibility form."""
    compatible = [c for c in unicodedata.normalize("NFKC", value) if c.isalnum() or unicodedata.category(c)[0] == "M"]
    form = normal_forms.tracking_number(value)
    assert len(form) == len(compatible)
    for character, kept in zip(compatible, form, strict=True):
        assert kept in (character, character.upper(), str(unicodedata.decimal(character, "-")))
    assert normal_forms.tracking_number(form) == form


def test_ascii_and_other_tracking_numbers_take_the_same_form() -> None:
    for number in ("1z-9", "ab c", "a.b/c"):
        assert normal_forms.tracking_number(number + "\u3000") == normal_forms.tracking_number(number)


def test_metadata_is_normalized_at_every_level_and_keeps_whitespace() -> None:
    decomposed = {"e\u0301 ": ["e\u0301", {"a\u0308": " o\u0308"}, 1, None, True]}
    assert normal_forms.metadata(decomposed) == {"é ": ["é", {"ä": " ö"}, 1, None, True]}


def test_a_tracking_number_is_displayed_with_single_blanks() -> None:
    assert normal_forms.tracking_number_text("  1Z\t999 \u3000AA ") == "1Z 999 AA"


def test_a_code_folds_ascii_letters_only() -> None:
    assert normal_forms.code(" de ") == "DE"
    assert normal_forms.code("ıß") == "ıß"
