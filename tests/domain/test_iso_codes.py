"""Country codes, and the hint for codes that are used for a country elsewhere."""

import csv
from pathlib import Path

import pytest

from graphql_app.domain import iso_codes


@pytest.mark.parametrize(
    ("code", "hint"), [("UK", "GB"), ("EL", "GR"), ("XI", "GB"), ("ZR", "CD"), ("AN", "CW, SX or BQ")]
)
def test_a_code_of_another_standard_names_the_right_one(code: str, hint: str) -> None:
    assert iso_codes.country_problem(code) == (
        f"{code} is not an ISO 3166-1 alpha-2 country code. Did you mean {hint}?"
    )


def test_an_unknown_code_has_no_hint_and_a_country_code_no_problem() -> None:
    assert iso_codes.country_problem("ZZ") == "ZZ is not an ISO 3166-1 alpha-2 country code."
    assert [iso_codes.country_problem(code) for code in ("GB", "GR", "XK", "AC", "TA")] == [None] * 5


def test_no_other_code_is_a_country_code_and_each_leads_to_country_codes() -> None:
    assert not set(iso_codes.OTHER_COUNTRY_CODES) & iso_codes.COUNTRIES
    targets = {code for hint in iso_codes.OTHER_COUNTRY_CODES.values() for code in hint.split() if code != "or"}
    assert {code.strip(",") for code in targets} <= iso_codes.COUNTRIES


def test_the_country_codes_are_those_of_iso_3166(shared_data: Path) -> None:
    with (shared_data / "countries/country-codes.csv").open(newline="") as file:
        assigned = {row["ISO3166-1-Alpha-2"] for row in csv.DictReader(file)}
    assert len(assigned) == 249
    assert iso_codes.COUNTRIES - assigned == {"AC", "TA", "XK"}
    assert assigned <= iso_codes.COUNTRIES
