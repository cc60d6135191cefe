"""Convert the SCMS file into inputs of the API: bytes in; shipments, rejected lines and warnings out. No HTTP.

Difficulties of the file: two date formats in one row, words in columns of dates and numbers (some mean "none", some
refer to another line of the same shipment), a country with the code NA, commas inside quotes, prices of 0, shipments
with two scheduled dates, and one line whose country contradicts its project code.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Json = dict[str, Any]
Row = dict[str, str]

COUNTRIES = {
    "Afghanistan": "AF", "Angola": "AO", "Belize": "BZ", "Benin": "BJ", "Botswana": "BW", "Burkina Faso": "BF",
    "Burundi": "BI", "Cameroon": "CM", "Congo, DRC": "CD", "Côte d'Ivoire": "CI", "Dominican Republic": "DO",
    "Ethiopia": "ET", "Ghana": "GH", "Guatemala": "GT", "Guinea": "GN", "Guyana": "GY", "Haiti": "HT",
    "Kazakhstan": "KZ", "Kenya": "KE", "Kyrgyzstan": "KG", "Lebanon": "LB", "Lesotho": "LS", "Liberia": "LR",
    "Libya": "LY", "Malawi": "MW", "Mali": "ML", "Mozambique": "MZ", "Namibia": "NA", "Nigeria": "NG",
    "Pakistan": "PK", "Rwanda": "RW", "Senegal": "SN", "Sierra Leone": "SL", "South Africa": "ZA",
    "South Sudan": "SS", "Sudan": "SD", "Swaziland": "SZ", "Tanzania": "TZ", "Togo": "TG", "Uganda": "UG",
    "Vietnam": "VN", "Zambia": "ZM", "Zimbabwe": "ZW",
}  # fmt: skip
MONTHS = {name: at for at, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
NO_DATE_WORDS = {"", "Pre-PQ Process", "Date Not Captured", "N/A - From RDC", "N/A"}
"""Cells of date columns that mean there is no date."""
RDC = "From RDC"
"""Shipped from a regional distribution center."""
NO_INCOTERM = "N/A - From RDC"
NO_MODE = "N/A"
"""The cell of the shipment mode in USAID's raw export if it is unknown."""
SHARED_COLUMNS = (
    "asn/dn #", "po / so #", "project code", "pq #", "country", "managed by", "fulfill via", "vendor",
    "vendor inco term", "shipment mode", "pq first sent to client date", "po sent to vendor date",
    "delivered to client date", "delivery recorded date", "product group",
)  # fmt: skip
"""Columns that must be equal in all lines of a shipment."""
ITEM_METADATA = {
    "id": "line", "sub classification": "subClassification", "molecule/test type": "molecule", "brand": "brand",
    "dosage": "dosage", "dosage form": "dosageForm", "unit of measure (per pack)": "unitsPerPack",
    "unit price": "unitPrice", "manufacturing site": "site", "first line designation": "firstLine",
    "line item value": "lineValue", "line item insurance (usd)": "insurance",
}  # fmt: skip
COLUMNS = {
    *SHARED_COLUMNS, *ITEM_METADATA, "scheduled delivery date", "item description", "line item quantity", "pack price",
    "weight (kilograms)", "freight cost (usd)",
}  # fmt: skip


class LineRejected(Exception):
    """A line cannot be converted."""


@dataclass
class Line:
    """One line of the file: its line number, cells, and conversion results."""

    number: int
    row: Row
    warning: str | None = None
    item: Json = field(default_factory=dict)
    country: str = ""

    @property
    def name(self) -> str:
        """The line for messages: line number and id."""
        return f"line {self.number} (id {self.row.get('id') or '?'})"


@dataclass
class Shipment:
    """One shipment as input of the API."""

    name: str
    input: Json
    events: list[Json]


@dataclass
class Content:
    """The contents of a file."""

    lines: int = 0
    shipments: list[Shipment] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(content: bytes) -> Content:
    """Convert a file. Lines that cannot be converted are in `rejected`, with all other lines of their shipment."""
    result, groups, rejected = Content(), dict[str, list[Line]](), dict[str, Line]()
    reader = csv.reader(io.StringIO(decode(content), newline=""))
    names = [name.strip().lower() for name in next(reader, [])]
    if missing := COLUMNS - set(names):
        result.rejected.append(f"line 1: the columns {', '.join(sorted(missing))} are missing")
        return result
    for cells in reader:
        if not cells:
            continue
        line = Line(reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
        result.lines += 1
        reference = line.row.get("asn/dn #", "")
        try:
            if len(cells) != len(names):
                raise LineRejected(f"expected {len(names)} columns, found {len(cells)}")
            convert_line(line)
        except LineRejected as reason:
            result.rejected.append(f"{line.name}: {reason}")
            rejected.setdefault(reference, line)
        if line.warning:
            result.warnings.append(f"{line.name}: {line.warning}")
        groups.setdefault(reference, []).append(line)
    for reference, lines in groups.items():
        if reference not in rejected:
            add_shipment(result, reference, lines)
            continue
        others = [line for line in lines if line.item]
        result.rejected += [
            f"{line.name}: not imported because of {rejected[reference].name} of the same shipment" for line in others
        ]
    return result


def add_shipment(content: Content, reference: str, lines: list[Line]) -> None:
    """Add the shipment of these lines, or reject them all if they disagree."""
    try:
        content.shipments.append(shipment(reference, lines))
    except LineRejected as reason:
        content.rejected += [f"{line.name}: {reason}" for line in lines]


def decode(content: bytes) -> str:
    """The text of a file: UTF-8, else Windows-1252."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def convert_line(line: Line) -> None:
    """Check a line and convert its item. Raises LineRejected."""
    row = line.row
    for name in ("asn/dn #", "item description"):
        if not row[name]:
            raise LineRejected(f"the column {name!r} is empty")
    for name in ("pq first sent to client date", "po sent to vendor date"):
        parse_date(row, name, NO_DATE_WORDS)
    for name in ("scheduled delivery date", "delivered to client date", "delivery recorded date"):
        parse_date(row, name)
    quantity, price = parse_number(row, "line item quantity"), parse_number(row, "pack price")
    parse_number(row, "line item value")
    if float(quantity) == 0:
        raise LineRejected("the column 'line item quantity' is 0")
    line.country = country(line)
    line.item = {
        "title": row["item description"],
        "quantity": quantity,
        "unitValue": {"amount": price, "currency": "USD"},
        "packageSeq": 1,
        "metadata": {new: row[old] for old, new in ITEM_METADATA.items() if row[old] != ""},
    }


def country(line: Line) -> str:
    """The country code of a line: from the name, or else from the two letters in the project code. Raises
    LineRejected.
    """
    name, project = line.row["country"], line.row["project code"]
    in_project_code = re.fullmatch(r"\w+-([A-Z]{2})-\w+", project)
    code = COUNTRIES.get(name)
    if code is None:
        if in_project_code is None:
            raise LineRejected(f"neither the country {name!r} nor the project code {project!r} names the destination")
        line.warning = f"unknown country name {name!r}; using {in_project_code[1]} from the project code"
        return in_project_code[1]
    if in_project_code is not None and in_project_code[1] != code:
        line.warning = (
            f"the project code {project} has country {in_project_code[1]}, but the country name {name} is {code}; "
            f"using {code}"
        )
    return code


def parse_number(row: Row, name: str) -> str:
    """A decimal number as it is written. Raises LineRejected."""
    if not re.fullmatch(r"\d+(\.\d+)?", row[name], re.ASCII):
        raise LineRejected(f"the column {name!r} holds {row[name]!r}, which is not a number")
    return row[name]


def parse_numbers(lines: list[Line], name: str) -> list[str]:
    """The numbers of a column that holds numbers and words."""
    return [cell for line in lines if re.fullmatch(r"\d+(\.\d+)?", cell := line.row[name], re.ASCII)]


def parse_date(row: Row, name: str, no_date_words: set[str] | None = None) -> date | None:
    """A date in one of the file's two formats, 2-Jun-06 or 11/13/2006; None for a word that means there is none.
    Raises LineRejected.
    """
    cell = row[name]
    if cell in (no_date_words or {""}):
        return None
    try:
        if match := re.fullmatch(r"(\d{1,2})-([A-Z][a-z]{2})-(\d\d)", cell, re.ASCII):
            return date(2000 + int(match[3]), MONTHS[match[2]], int(match[1]))
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(?:20)?(\d\d)", cell, re.ASCII):
            return date(2000 + int(match[3]), int(match[1]), int(match[2]))
    except (ValueError, KeyError):
        pass
    raise LineRejected(f"the column {name!r} holds {cell!r}, which is not a date")


def shipment(reference: str, lines: list[Line]) -> Shipment:
    """The shipment of these lines. Raises LineRejected if they disagree."""
    first = lines[0].row
    for name in SHARED_COLUMNS:
        if len({line.row[name] for line in lines}) > 1:
            raise LineRejected(f"the lines of {reference} disagree in the column {name!r}")
    weights, scheduled = parse_numbers(lines, "weight (kilograms)"), sorted(
        {day_ for line in lines if (day_ := parse_date(line.row, "scheduled delivery date"))}
    )  # fmt: skip
    if len(weights) > 1:
        raise LineRejected(f"several lines of {reference} hold a weight")
    direct, term = first["fulfill via"] != RDC, first["vendor inco term"]
    input_ = {
        "externalReference": reference,
        "confirm": True,
        "service": service(first["shipment mode"]),
        "incoterm": None if term in ("", NO_INCOTERM) else term,
        "shipper": {"name": first["vendor"] if direct else "SCMS from RDC", "country": "US"},
        "recipient": {"name": first["country"], "country": lines[0].country},
        "packages": [{"weight": {"value": weights[0], "unit": "KG"}} if weights else {}],
        "items": [line.item for line in lines],
        "references": [
            {"kind": kind, "value": first[column]}
            for kind, column in (("asn", "asn/dn #"), ("order", "po / so #"), ("project", "project code"))
            if first[column]
        ],
        "promisedTo": f"{scheduled[0]}T23:59:59Z" if scheduled else None,
        "metadata": metadata(lines, [str(date_) for date_ in scheduled]),
    }
    return Shipment(f"{reference} ({lines[0].name})", input_, events(reference, first))


def service(mode: str) -> str | None:
    """The service of a shipment mode, for example `air_charter`; None if the mode is unknown."""
    return None if mode == NO_MODE else re.sub(r"[^a-z0-9]+", "_", mode.lower()) or None


def metadata(lines: list[Line], scheduled: list[str]) -> Json:
    """Values that have no field in the API. Empty cells are omitted, so that they are not taken for 0."""
    first, freight = lines[0].row, parse_numbers(lines, "freight cost (usd)")
    terms = {line.row["freight cost (usd)"] for line in lines} - set(freight)
    values = {
        "vendor": first["vendor"],
        "managedBy": first["managed by"],
        "productGroup": first["product group"],
        "priceQuote": first["pq #"],
        "freightCost": "; ".join(freight),
        "freightTerms": "; ".join(sorted(term for term in terms if not term.startswith("See "))),
        "deliveryRecorded": str(parse_date(first, "delivery recorded date") or ""),
    }
    result: Json = {name: value for name, value in values.items() if value}
    return result | {"scheduled": scheduled}


def events(reference: str, row: Row) -> list[Json]:
    """The events of a shipment; the file holds dates only."""
    recorded = f", recorded {row['delivery recorded date']}" if row["delivery recorded date"] else ""
    kinds = (
        ("quote", "INFO", "pq first sent to client date", "Price quote first sent to the client"),
        ("order", "INFO", "po sent to vendor date", "Purchase order sent to the vendor"),
        ("delivery", "DELIVERED", "delivered to client date", f"Delivered to the client{recorded}"),
    )
    return [
        {
            "target": {"shipment": {"externalReference": reference}},
            "occurred": {"date": str(date_)},
            "code": code,
            "message": message,
            "source": "scms",
            "externalEventId": f"{reference}/{kind}",
        }
        for kind, code, column, message in kinds
        if (date_ := parse_date(row, column, NO_DATE_WORDS))
    ]
