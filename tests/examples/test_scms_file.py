"""The conversion of the SCMS file: invalid lines, contradicting lines, wrong columns and Windows encoding."""

import pytest
import scms_file

from tests.examples.test_import_scms import SMALL, as_csv, rows


def test_an_invalid_line_rejects_its_whole_shipment() -> None:
    changed = rows()
    changed[2]["line item quantity"] = "many"
    content = scms_file.read(as_csv(changed))
    assert content.rejected == [
        "line 4 (id 3): the column 'line item quantity' holds 'many', which is not a number",
        "line 3 (id 2): not imported because of line 4 (id 3) of the same shipment",
        "line 5 (id 4): not imported because of line 4 (id 3) of the same shipment",
    ]
    assert len(content.shipments) == 6


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("asn/dn #", "", "the column 'asn/dn #' is empty"),
        ("delivered to client date", "31-Feb-07", "holds '31-Feb-07', which is not a date"),
        ("delivered to client date", "soon", "holds 'soon', which is not a date"),
        ("po sent to vendor date", "13/13/2006", "holds '13/13/2006', which is not a date"),
        ("pack price", "-1", "holds '-1', which is not a number"),
        ("line item quantity", "0", "is 0"),
    ],
)
def test_the_message_names_the_invalid_cell(column: str, value: str, reason: str) -> None:
    changed = rows()[:1]
    changed[0][column] = value
    content = scms_file.read(as_csv(changed))
    assert content.shipments == []
    assert len(content.rejected) == 1
    assert content.rejected[0].startswith("line 2 (id 1): ")
    assert content.rejected[0].endswith(reason)


def test_the_project_code_replaces_an_unknown_country_and_a_line_without_either_is_rejected() -> None:
    changed = rows()[:2]
    changed[0]["country"] = "Viet Nam"
    changed[1] |= {"country": "Nowhere", "project code": "none"}
    content = scms_file.read(as_csv(changed))
    assert [shipment.input["recipient"]["country"] for shipment in content.shipments] == ["VN"]
    assert content.warnings == ["line 2 (id 1): unknown country name 'Viet Nam'; using VN from the project code"]
    assert content.rejected == [
        "line 3 (id 2): neither the country 'Nowhere' nor the project code 'none' names the destination"
    ]


@pytest.mark.parametrize(
    ("mode", "service"), [("N/A", None), ("", None), ("Air", "air"), ("Air Charter", "air_charter")]
)
def test_an_unknown_shipment_mode_is_no_service(mode: str, service: str | None) -> None:
    changed = rows()[:1]
    changed[0]["shipment mode"] = mode
    assert [shipment.input["service"] for shipment in scms_file.read(as_csv(changed)).shipments] == [service]


def test_contradicting_lines_of_a_shipment_are_rejected_together() -> None:
    changed = rows()
    changed[3]["delivered to client date"] = "31-Jan-07"
    content = scms_file.read(as_csv(changed))
    reason = "the lines of ASN-93 disagree in the column 'delivered to client date'"
    assert content.rejected == [f"line {line} (id {line - 1}): {reason}" for line in (3, 4, 5)]


def test_a_row_or_file_with_wrong_columns_is_rejected_with_a_reason() -> None:
    lines = SMALL.read_bytes().splitlines(keepends=True)
    assert scms_file.read(lines[0] + b"1,2,3\n").rejected == ["line 2 (id 1): expected 33 columns, found 3"]
    (reason,) = scms_file.read(b"a,b\n1,2\n").rejected
    assert reason.startswith("line 1: the columns asn/dn #, brand, country, ")
    assert scms_file.read(b"").shipments == []


def test_a_file_in_windows_encoding_is_read() -> None:
    text_ = SMALL.read_text()
    windows = scms_file.read(text_.replace("\n", "\r\n").encode("cp1252"))
    assert [shipment.input for shipment in windows.shipments] == [
        shipment.input for shipment in scms_file.read(text_.encode()).shipments
    ]
