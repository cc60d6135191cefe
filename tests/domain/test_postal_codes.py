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


LIBADDRESSINPUT_EXAMPLES = """
    AC:ASCN_1ZZ AD:AD100|AD501 AF:1001|2601 AI:2640 AL:1001|1017 AM:375010|0002 AR:C1070AAM|C1000WAM AS:96799
    AT:1010|3741 AU:2060|3171 AX:22150|22550 AZ:1000 BA:71000 BB:BB23026|BB22025 BD:1340|1000 BE:4000|1000
    BG:1000|1700 BH:317 BL:97100 BM:FL_07|HM_GX BN:BT2328|KA1131 BR:40301-110|70002-900 BT:11001|31101
    BY:223016|225860 CA:H3Z_2Y7|V8X_3X4 CC:6799 CH:2544|1211 CL:8340457|8720019 CN:266033|317204 CO:111221|130001
    CR:1000|2010 CU:10700 CV:7600 CX:6798 CY:2008|3304 CZ:100_00|251_66 DE:26133|53225 DK:8660|1566 DO:11903|10101
    DZ:40304|16027 EC:090105|092301 EE:69501|11212 EG:12411|11599 EH:70000|72000 ES:28039|28300 ET:1000
    FI:00550|00011 FK:FIQQ_1ZZ FM:96941|96944 FO:100 FR:33380|34092 GB:EC1Y_8SY|GIR_0AA GE:0101 GF:97300
    GG:GY1_1AA|GY2_2BT GI:GX11_1AA GL:3900|3950 GN:001|200 GP:97100 GR:151_24|151_10 GS:SIQQ_1ZZ GT:09001|01501
    GU:96910|96931 GW:1000|1011 HM:7050 HN:31301 HR:10000|21001 HT:6120|5310 HU:1037|2380 ID:40115 IE:A65_F4E2
    IL:9614303 IM:IM2_1AA|IM99_1PS IN:110034|110001 IO:BBND_1ZZ IQ:31001 IR:11936-12345 IS:320|121 IT:00144|47037
    JE:JE1_1AA|JE2_2BT JO:11937|11190 JP:154-0023|350-1106 KE:20100|00100 KG:720001 KH:120101|120108 KR:03051
    KW:54541|54551 KY:KY1-1100|KY1-1702 KZ:040900|050012 LA:01160|01000 LB:2038_3054|1107_2810 LI:9496|9491
    LK:20000|00100 LR:1000 LS:100 LT:04340|03500 LU:4750|2998 LV:LV-1073|LV-1000 MA:53000|10000 MC:98000|98020
    MD:2012|2019 ME:81257|81258 MF:97100 MG:501|101 MH:96960|96970 MK:1314|1321 MM:11181 MN:65030|65270
    MP:96950|96951 MQ:97220 MT:NXR_01|ZTN_05 MU:42602 MV:20026 MX:02860|77520 MY:43000|50754 MZ:1102|1119
    NA:10001|10017 NC:98814|98800 NE:8001 NF:2899 NG:930283|300001 NI:52000 NL:1234_AB|2490_AA NO:0025|0107 NP:44601
    NZ:6001|6015 OM:133|112 PE:LIMA_23|LIMA_42 PF:98709 PG:111 PH:1008|1050 PK:44000 PL:00-950|05-470 PM:97500
    PN:PCRN_1ZZ PR:00930 PT:2725-079|1250-096 PW:96940 PY:1536|1538 RE:97400 RO:060274|061357 RS:106314
    RU:247112|103375 SA:11564|11187 SD:11042|11113 SE:11455|12345 SG:546080|308125 SH:STHL_1ZZ SI:4000|1001 SJ:9170
    SK:010_01|023_14 SM:47890|47891 SN:12500|46024 SO:JH_09010|AD_11010 SV:CP_1101 SZ:H100 TA:TDCU_1ZZ TC:TKCA_1ZZ
    TH:10150|10210 TJ:735450|734025 TM:744000 TN:1002|8129 TR:01960|06101 TW:104|106 TZ:6090|34413 UA:15432|01055
    UM:96898 US:95014|22162-1010 UY:11600 UZ:702100|700000 VA:00120 VC:VC0100|VC0110 VE:1010|3001 VG:VG1110|VG1150
    VI:00802-1222|00850-9802 VN:70010|55999 WF:98600 XK:10000 YT:97600 ZA:0083|1451 ZM:50100|50101
"""
"""Examples of the address data of libaddressinput, which the formats are derived from: country:code|code."""

FURTHER_FORMATS = """
    AD:AD500 AR:C1064AAB|c1064aab|C_1064_AAB|B1602|1602|AR-1602 BH:1110 GB:BFPO_57|bfpo1234|GIR_0AA GG:GY10_1SA|GY1_4WW
    JE:JE2_3ZZ IM:IM99_1PS KZ:A15E3H4 LI:FL-9490|9490 LV:1073|LV-1073 MC:MC-98000 MT:VLT_1117 OM:PC_112 PE:Lima_1|15023
    PE:CALLAO_02|callao_2 RS:11000|106314|RS-11000 SH:ASCN_1ZZ|TDCU_1ZZ|sthl1zz AC:ascn1zz TA:TDCU_1ZZ VE:1010-A
    VI:00802-1222 KY:KY1-1100 TC:TKCA_1ZZ FK:FIQQ_1ZZ VG:VG1110 SZ:H100 BM:HM_12 SO:JH_09010 PR:00930-1234 AX:AX-22100
"""


@pytest.mark.parametrize("line", f"{LIBADDRESSINPUT_EXAMPLES} {FURTHER_FORMATS}".split())
def test_the_postal_codes_of_every_country_give_no_warning(line: str) -> None:
    country, spellings = line.split(":")
    for postal_code in spellings.split("|"):
        assert postal_codes.warnings(country, postal_code.replace("_", " "), None) == []


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
        ("AC", "STHL 1ZZ", "Postal codes of AC have the format ASCN 1ZZ."),
        ("TA", "ASCN 1ZZ", "Postal codes of TA have the format TDCU 1ZZ."),
        ("KY", "1-1100", "Postal codes of KY have the format KY0 0000, where 0 is a digit."),
        (
            "RS",
            "1100",
            "Postal codes of RS have the format 00000 or 000000, where 0 is a digit.",
        ),
        (
            "PE",
            "LIMA",
            "Postal codes of PE have the format 00000 or LIMA 0 or LIMA 00 or CALLAO 0 or CALLAO 00, "
            "where 0 is a digit.",
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


def test_a_format_has_only_characters_that_are_placeholders_or_stand_for_themselves() -> None:
    assert set("".join(postal_codes.FORMATS.values())) <= set("0AX-|abcdefghijklmnopqrstuvwxyz123456789")


def test_the_data_use_valid_country_codes() -> None:
    assert len(postal_codes.FORMATS) >= 170
    assert set(postal_codes.FORMATS) | set(postal_codes.REGION_CODES) <= iso_codes.COUNTRIES
