"""ISO codes: countries (ISO 3166-1 alpha-2) and currencies (ISO 4217)."""

COUNTRIES = frozenset(
    """
    AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ
    IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH
    MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC
    TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """.split()
)
"""Country codes of ISO 3166-1 alpha-2; AC (Ascension) and TA (Tristan da Cunha), which it reserves and which have
postal codes of their own; and XK for Kosovo."""

OTHER_COUNTRY_CODES = {
    "UK": "GB", "XI": "GB", "EL": "GR", "IC": "ES", "EA": "ES", "CP": "FR", "DG": "IO",
    "AN": "CW, SX or BQ", "BU": "MM", "CS": "RS or ME", "CT": "KI", "DD": "DE", "DY": "BJ", "FX": "FR", "HV": "BF",
    "NH": "VU", "RH": "ZW", "TP": "TL", "VD": "VN", "YD": "YE", "YU": "RS or ME", "ZR": "CD",
}  # fmt: skip
"""Code that is used for a country but is no country code → the country code. First line: codes of the European Union
and codes that ISO 3166-1 reserves; then withdrawn codes (ISO 3166-3)."""


def country_problem(code: str) -> str | None:
    """Return a message if this is no country code, with the right one for codes of another standard; None if it is."""
    if code in COUNTRIES:
        return None
    hint = f" Did you mean {OTHER_COUNTRY_CODES[code]}?" if code in OTHER_COUNTRY_CODES else ""
    return f"{code} is not an ISO 3166-1 alpha-2 country code.{hint}"


CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
    HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP
    TTD TWD TZS UAH UGX USD UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()
)
"""Currency codes of ISO 4217, and recently withdrawn ones."""
