"""Postal codes and regions, by country: what looks odd, in a sentence each. Never a reason to refuse an address.

Data for the countries that most parcels go to; elsewhere nothing is odd. Blanks, dashes, capitals and a country's
letters before the code make no difference. A region may be written in words: only what looks like a code is compared.
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
"""Shapes: 0 is a digit, A a letter, X either."""

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
"""The codes by which regions are written in addresses."""

SEPARATORS = re.compile(r"[\s\-.]+")
CLASSES = {"0": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]", "-": "", "|": "|"}


def pattern(country: str, shapes: str) -> re.Pattern[str]:
    """A country's postal codes without separators. Before digits its letters may stand: DE-10115, D-10115."""
    prefix = f"(?:{country}|{country[0]})?" if shapes[0] == "0" else ""
    return re.compile(f"{prefix}(?:{''.join(CLASSES[c] for c in shapes)})", re.ASCII)


PAIRS = POSTAL_CODES.split()
SHAPES = dict(zip(PAIRS[::2], PAIRS[1::2], strict=True))
PATTERNS = {country: pattern(country, shapes) for country, shapes in SHAPES.items()}
CODES = {country: frozenset(codes.split()) for country, codes in REGIONS.items()}


def warnings(country: str, postal_code: str | None, region: str | None) -> list[tuple[str, str]]:
    """What looks odd about an address: the field's name in GraphQL, and a sentence."""
    found = (odd_postal_code(country, postal_code or ""), odd_region(country, region or ""))
    return [(name, text) for name, text in zip(("postalCode", "region"), found, strict=True) if text is not None]


def odd_postal_code(country: str, postal_code: str) -> str | None:
    given = SEPARATORS.sub("", postal_code.upper())
    if not given or country not in PATTERNS or PATTERNS[country].fullmatch(given):
        return None
    shapes = " or ".join(SHAPES[country].replace("-", " ").split("|"))
    return f"Postal codes of {country} look otherwise: {shapes}, where 0 is a digit{letters(shapes)}."


def letters(shapes: str) -> str:
    return "".join(text for c, text in (("A", ", A a letter"), ("X", ", X either")) if c in shapes)


def odd_region(country: str, region: str) -> str | None:
    given = region.strip().upper().removeprefix(f"{country}-")
    known = CODES.get(country, frozenset())
    if given in known or not given.isalpha() or len(given) not in {len(code) for code in known}:
        return None
    return f"{given[:8]} is not the code of a region of {country}."
