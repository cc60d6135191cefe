"""Warnings about postal codes and regions that do not fit their country."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import iso_codes, postal_codes

COMMON_SPELLINGS = """
    AR:1425|C1425CLA AT:1010 AU:2000 BE:1000 BR:01310-100|01310100 CA:K1A_0B1|k1a0b1 CH:8001 CN:100000 CZ:110_00
    DE:10115|D-10115|DE-10115 DK:1050 ES:28001 FI:00100|FI-00100 FR:75001|F-75001 GB:SW1A_1AA|M1_1AE|B33_8TH|EC1A1BB
    GR:105_57 IE:D02_AF30|D6W_XY00 IN:110001 IT:00118 JP:100-0001 KR:04524 LT:LT-01100 LU:L-1111 LV:LV-1050 MX:06000
    NL:1012_AB|1012ab NO:0010 NZ:6011 PL:00-001 PT:1000-205|1000 SE:111_22|SE-111_22 SG:018956 SK:811_01 TR:06100
    TW:100|10048|100006 US:20500|20500-0003|205000003 VN:100000 ZA:0001
"""


@pytest.mark.parametrize("line", COMMON_SPELLINGS.split())
def test_common_spellings_of_postal_codes_give_no_warning(line: str) -> None:
    country, spellings = line.split(":")
    for postal_code in spellings.split("|"):
        assert postal_codes.warnings(country, postal_code.replace("_", " "), None) == []


@pytest.mark.parametrize(
    ("country", "postal_code", "message"),
    [
        ("US", "2050", "Postal codes of US have the format 00000 or 00000 0000, where 0 is a digit."),
        ("CA", "K1A0BB", "Postal codes of CA have the format A0A 0A0, where 0 is a digit, A a letter."),
        (
            "IE",
            "1",
            "Postal codes of IE have the format A00 XXXX or A0A XXXX, where 0 is a digit, A a letter, "
            "X a digit or letter.",
        ),
        ("DE", "SW1A 1AA", "Postal codes of DE have the format 00000, where 0 is a digit."),
        ("DE", "١٠١١٥", "Postal codes of DE have the format 00000, where 0 is a digit."),
    ],
)
def test_a_postal_code_of_another_format_gives_a_warning(country: str, postal_code: str, message: str) -> None:
    assert postal_codes.warnings(country, postal_code, None) == [("postalCode", message)]


@pytest.mark.parametrize(
    ("country", "region"),
    [("US", "CA"), ("US", "us-ca"), ("US", "California"), ("CA", " qc "), ("AU", "NSW"), ("IN", "Goa"), ("CH", "Uri")],
)
def test_region_codes_and_region_names_give_no_warning(country: str, region: str) -> None:
    assert postal_codes.warnings(country, None, region) == []


def test_a_region_code_of_another_country_gives_a_warning() -> None:
    assert postal_codes.warnings("US", "10001", "QC") == [("region", "QC is not a region code of US.")]
    assert postal_codes.warnings("CA", "90210", "CA") == [
        ("postalCode", "Postal codes of CA have the format A0A 0A0, where 0 is a digit, A a letter."),
        ("region", "CA is not a region code of CA."),
    ]


@given(st.text(max_size=20), st.text(max_size=20))
def test_countries_without_data_give_no_warning(postal_code: str, region: str) -> None:
    assert postal_codes.warnings("AE", postal_code, region) == []
    assert postal_codes.warnings("", postal_code, region) == []
    assert postal_codes.warnings("NG", None, region) == []


@given(st.sampled_from(sorted(postal_codes.FORMATS)), st.text(max_size=20), st.text(max_size=20))
def test_every_text_is_handled(country: str, postal_code: str, region: str) -> None:
    assert all(name in ("postalCode", "region") for name, _ in postal_codes.warnings(country, postal_code, region))


def test_the_data_use_valid_country_codes() -> None:
    assert len(postal_codes.FORMATS) >= 60
    assert set(postal_codes.FORMATS) | set(postal_codes.REGION_CODES) <= iso_codes.COUNTRIES
