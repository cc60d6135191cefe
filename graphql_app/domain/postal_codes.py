"""Checks of postal codes and regions by country. They return warnings; an address is never rejected for them.

The data cover the countries that receive most parcels; other countries are not checked. Spaces, dashes, dots, case and
the country prefix of a postal code (D-10115) are ignored. A region may be written as a name: only a text of letters
that has the length of a region code is compared with the codes.
"""

import re

POSTAL_CODES = """
    AR 0000|A0000AAA  AT 0000  AU 0000  BD 0000  BE 0000  BG 0000  BR 00000-000  CA A0A-0A0  CH 0000  CL 000-0000
    CN 000000  CO 000000  CR 00000  CY 0000  CZ 000-00  DE 00000  DK 0000  EC 000000  EE 00000  EG 00000  ES 00000
    FI 00000  FR 00000  GB A0-0AA|A00-0AA|AA0-0AA|AA00-0AA|A0A-0AA|AA0A-0AA  GR 000-00  GT 00000  HR 00000  HU 0000
    ID 00000  IE A00-XXXX|A0A-XXXX  IL 0000000|00000  IN 000000  IT 00000  JP 000-0000  KE 00000  KR 00000  LK 00000
    LT 00000  LU 0000  LV 0000  MA 00000  MX 00000  MY 00000  NG 000000  NL 0000-AA  NO 0000  NZ 0000  PE 00000
    PH 0000  PK 00000  PL 00-000  PT 0000-000|0000  RO 000000  RS 00000  RU 000000  SA 00000|00000-0000  SE 000-00
    SG 000000  SI 0000  SK 000-00  TH 00000  TN 0000  TR 00000  TW 000|00000|000000  UA 00000  US 00000|00000-0000
    UY 00000  VN 00000|000000  ZA 0000
"""
"""Country code and postal code formats, separated by `|`: 0 is a digit, A a letter, X a digit or letter."""

REGIONS = {
    "AU": "ACT NSW NT QLD SA TAS VIC WA",
    "BR": "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO",
    "CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "CH": "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
    "DE": "BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH",
    "IN": "AN AP AR AS BR CG CH CT DD DH DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG "
    "TN TR TS UK UP UT WB",
    "IT": "AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CI CL CN CO CR CS CT CZ EN FC FE FG "
    "FI FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OG OR OT PA PC PD PE PG PI PN PO "
    "PR PT PU PV PZ RA RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS TV UD VA VB VC VE VI VR VS "
    "VT VV",
    "US": "AA AE AK AL AP AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD ME MH MI MN MO MP MS MT "
    "NC ND NE NH NJ NM NV NY OH OK OR PA PR PW RI SC SD TN TX UT VA VI VT WA WI WV WY",
    "ZA": "EC FS GP GT KZN LP MP NC NL NW WC",
}
"""Country code → region codes that are used in addresses."""

SEPARATORS = re.compile(r"[\s\-.]+")
"""Characters that are ignored in postal codes."""

CHARACTER_CLASSES = {"0": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]", "-": "", "|": "|"}
"""Character of a format → regular expression."""


def compile_formats(country: str, formats: str) -> re.Pattern[str]:
    """Return the pattern of a country's postal codes in upper case without separators.

    Formats that begin with a digit may follow the country code or its first letter: DE-10115, D-10115.
    """
    prefix = f"(?:{country}|{country[0]})?" if formats[0] == "0" else ""
    return re.compile(f"{prefix}(?:{''.join(CHARACTER_CLASSES[character] for character in formats)})", re.ASCII)


_WORDS = POSTAL_CODES.split()

FORMATS = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
"""Country code → formats of its postal codes, separated by `|`."""

PATTERNS = {country: compile_formats(country, formats) for country, formats in FORMATS.items()}
"""Country code → pattern of its postal codes."""

REGION_CODES = {country: frozenset(codes.split()) for country, codes in REGIONS.items()}
"""Country code → its region codes."""


def warnings(country: str, postal_code: str | None, region: str | None) -> list[tuple[str, str]]:
    """Check an address. Return a pair of field name (`postalCode`, `region`) and message for each unusual value."""
    messages = {
        "postalCode": postal_code_warning(country, postal_code or ""),
        "region": region_warning(country, region or ""),
    }
    return [(field, message) for field, message in messages.items() if message is not None]


def postal_code_warning(country: str, postal_code: str) -> str | None:
    """Return a message if a postal code has none of the formats of its country, otherwise None."""
    normalized = SEPARATORS.sub("", postal_code.upper())
    if not normalized or country not in PATTERNS or PATTERNS[country].fullmatch(normalized):
        return None
    formats = " or ".join(FORMATS[country].replace("-", " ").split("|"))
    return f"Postal codes of {country} have the format {formats}, where 0 is a digit{format_legend(formats)}."


def format_legend(formats: str) -> str:
    """Return the explanation of the letters that occur in a format."""
    legend = (("A", ", A a letter"), ("X", ", X a digit or letter"))
    return "".join(text for character, text in legend if character in formats)


def region_warning(country: str, region: str) -> str | None:
    """Return a message if a region looks like a code but is none of its country, otherwise None."""
    normalized = region.strip().upper().removeprefix(f"{country}-")
    codes = REGION_CODES.get(country, frozenset())
    if normalized in codes or not normalized.isalpha() or len(normalized) not in {len(code) for code in codes}:
        return None
    return f"{normalized[:8]} is not a region code of {country}."
