"""The SCMS file → inputs of the API. Bytes in; shipments, rejected lines and warnings out. Knows nothing of HTTP.

The file's traps: two styles of dates in one row, words in columns of dates and numbers (some say "none", some point to
another line of the same shipment), a country whose code is NA, commas inside quotes, prices of 0, shipments with two
scheduled dates, and one line whose country contradicts its project code.
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
NO_DATE = {"", "Pre-PQ Process", "Date Not Captured", "N/A - From RDC", "N/A"}
RDC, NO_INCOTERM = "From RDC", "N/A - From RDC"
SHARED = (
    "asn/dn #", "po / so #", "project code", "pq #", "country", "managed by", "fulfill via", "vendor",
    "vendor inco term", "shipment mode", "pq first sent to client date", "po sent to vendor date",
    "delivered to client date", "delivery recorded date", "product group",
)  # fmt: skip
"""What every line of one shipment says alike."""
ITEM_METADATA = {
    "id": "line", "sub classification": "subClassification", "molecule/test type": "molecule", "brand": "brand",
    "dosage": "dosage", "dosage form": "dosageForm", "unit of measure (per pack)": "unitsPerPack",
    "unit price": "unitPrice", "manufacturing site": "site", "first line designation": "firstLine",
    "line item value": "lineValue", "line item insurance (usd)": "insurance",
}  # fmt: skip
COLUMNS = {
    *SHARED, *ITEM_METADATA, "scheduled delivery date", "item description", "line item quantity", "pack price",
    "weight (kilograms)", "freight cost (usd)",
}  # fmt: skip


class Wrong(Exception):
    """Something in a line cannot be understood."""


@dataclass
class Line:
    """One line: where it stands in the file, and what it says."""

    at: int
    row: Row
    warning: str | None = None
    item: Json = field(default_factory=dict)
    country: str = ""

    @property
    def name(self) -> str:
        return f"line {self.at} (id {self.row.get('id') or '?'})"


@dataclass
class Shipment:
    """One shipment as the API wants it."""

    name: str
    input: Json
    events: list[Json]


@dataclass
class Content:
    """What a file says."""

    lines: int = 0
    shipments: list[Shipment] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(content: bytes) -> Content:
    """All of a file."""
    found, groups, bad = Content(), dict[str, list[Line]](), dict[str, Line]()
    reader = csv.reader(io.StringIO(decoded(content), newline=""))
    names = [name.strip().lower() for name in next(reader, [])]
    if missing := COLUMNS - set(names):
        found.rejected.append(f"line 1: the columns {', '.join(sorted(missing))} are missing")
        return found
    for cells in reader:
        if not cells:
            continue
        line = Line(reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
        found.lines += 1
        reference = line.row.get("asn/dn #", "")
        try:
            if len(cells) != len(names):
                raise Wrong(f"it has {len(cells)} columns, not {len(names)}")
            understand(line)
        except Wrong as reason:
            found.rejected.append(f"{line.name}: {reason}")
            bad.setdefault(reference, line)
        if line.warning:
            found.warnings.append(f"{line.name}: {line.warning}")
        groups.setdefault(reference, []).append(line)
    for reference, lines in groups.items():
        if reference not in bad:
            add(found, reference, lines)
            continue
        others = [line for line in lines if line.item]
        found.rejected += [f"{line.name}: waits for {bad[reference].name} of its shipment" for line in others]
    return found


def add(found: Content, reference: str, lines: list[Line]) -> None:
    """The shipment that some lines are, if they agree."""
    try:
        found.shipments.append(shipment(reference, lines))
    except Wrong as reason:
        found.rejected += [f"{line.name}: {reason}" for line in lines]


def decoded(content: bytes) -> str:
    """The text of a file; some copies of it come from Windows."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def understand(line: Line) -> None:
    """What a line says about its item, and whether the rest of it can be read."""
    row = line.row
    for name in ("asn/dn #", "item description"):
        if not row[name]:
            raise Wrong(f"the column {name!r} is empty")
    for name in ("pq first sent to client date", "po sent to vendor date"):
        day(row, name, NO_DATE)
    for name in ("scheduled delivery date", "delivered to client date", "delivery recorded date"):
        day(row, name)
    quantity, price = number(row, "line item quantity"), number(row, "pack price")
    number(row, "line item value")
    if float(quantity) == 0:
        raise Wrong("the column 'line item quantity' is 0")
    line.country = country(line)
    line.item = {
        "title": row["item description"],
        "quantity": quantity,
        "unitValue": {"amount": price, "currency": "USD"},
        "packageSeq": 1,
        "metadata": {new: row[old] for old, new in ITEM_METADATA.items() if row[old] != ""},
    }


def country(line: Line) -> str:
    """From the two letters inside the project code, checked against the name, which wins."""
    name, project = line.row["country"], line.row["project code"]
    inside = re.fullmatch(r"\w+-([A-Z]{2})-\w+", project)
    code = COUNTRIES.get(name)
    if code is None:
        if inside is None:
            raise Wrong(f"neither the country {name!r} nor the project code {project!r} says where it went")
        line.warning = f"the country's name {name!r} is not known; the {inside[1]} of the project code counts"
        return inside[1]
    if inside is not None and inside[1] != code:
        line.warning = f"the project code {project} says {inside[1]}, the name {name} says {code}; the name wins"
    return code


def number(row: Row, name: str) -> str:
    """A decimal number, as it is written."""
    if not re.fullmatch(r"\d+(\.\d+)?", row[name], re.ASCII):
        raise Wrong(f"the column {name!r} holds {row[name]!r}, which is no number")
    return row[name]


def numbers(lines: list[Line], name: str) -> list[str]:
    """The numbers among the cells of a column that also holds words."""
    return [cell for line in lines if re.fullmatch(r"\d+(\.\d+)?", cell := line.row[name], re.ASCII)]


def day(row: Row, name: str, none: set[str] | None = None) -> date | None:
    """A date in one of the file's two styles, 2-Jun-06 and 11/13/2006; None for a word that means there is none."""
    cell = row[name]
    if cell in (none or {""}):
        return None
    try:
        if found := re.fullmatch(r"(\d{1,2})-([A-Z][a-z]{2})-(\d\d)", cell, re.ASCII):
            return date(2000 + int(found[3]), MONTHS[found[2]], int(found[1]))
        if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(?:20)?(\d\d)", cell, re.ASCII):
            return date(2000 + int(found[3]), int(found[1]), int(found[2]))
    except (ValueError, KeyError):
        pass
    raise Wrong(f"the column {name!r} holds {cell!r}, which is no date")


def shipment(reference: str, lines: list[Line]) -> Shipment:
    """The shipment that some lines are."""
    first = lines[0].row
    for name in SHARED:
        if len({line.row[name] for line in lines}) > 1:
            raise Wrong(f"the lines of {reference} disagree in the column {name!r}")
    weights, scheduled = numbers(lines, "weight (kilograms)"), sorted(
        {day_ for line in lines if (day_ := day(line.row, "scheduled delivery date"))}
    )  # fmt: skip
    if len(weights) > 1:
        raise Wrong(f"several lines of {reference} hold a weight")
    direct, term = first["fulfill via"] != RDC, first["vendor inco term"]
    given = {
        "externalReference": reference,
        "confirm": True,
        "service": re.sub(r"[^a-z0-9]+", "_", first["shipment mode"].lower()) or None,
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
        "metadata": metadata(lines, [str(one) for one in scheduled]),
    }
    return Shipment(f"{reference} ({lines[0].name})", given, events(reference, first))


def metadata(lines: list[Line], scheduled: list[str]) -> Json:
    """What has no field of its own; what is empty in the file is absent here, so that it is not taken for 0."""
    first, freight = lines[0].row, numbers(lines, "freight cost (usd)")
    terms = {line.row["freight cost (usd)"] for line in lines} - set(freight)
    found = {
        "vendor": first["vendor"],
        "managedBy": first["managed by"],
        "productGroup": first["product group"],
        "priceQuote": first["pq #"],
        "freightCost": "; ".join(freight),
        "freightTerms": "; ".join(sorted(term for term in terms if not term.startswith("See "))),
        "deliveryRecorded": str(day(first, "delivery recorded date") or ""),
    }
    kept: Json = {name: value for name, value in found.items() if value}
    return kept | {"scheduled": scheduled}


def events(reference: str, row: Row) -> list[Json]:
    """What happened, as far as it was captured: days only."""
    recorded = f", recorded {row['delivery recorded date']}" if row["delivery recorded date"] else ""
    kinds = (
        ("quote", "INFO", "pq first sent to client date", "Price quote first sent to the client"),
        ("order", "INFO", "po sent to vendor date", "Purchase order sent to the vendor"),
        ("delivery", "DELIVERED", "delivered to client date", f"Delivered to the client{recorded}"),
    )
    return [
        {
            "target": {"shipment": {"externalReference": reference}},
            "occurred": {"date": str(happened)},
            "code": code,
            "message": message,
            "source": "scms",
            "externalEventId": f"{reference}/{kind}",
        }
        for kind, code, column, message in kinds
        if (happened := day(row, column, NO_DATE))
    ]
