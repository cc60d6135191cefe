"""What a client gives of a shipment's parts → rows of their tables. Pure: problems and warnings go into a Check.

Rows are dictionaries under the names of the SQL beside this module. A part that is wrong still yields a row: what is
gathered decides whether anything is written.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from graphql_app.commands.command import json_text
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums, postal_codes, tracking_numbers, units
from graphql_app.errors.user_errors import Invalid, LimitExceeded

MAX_PACKAGES, MAX_ITEMS, MAX_REFERENCES = 200, 500, 50
MAX_ADDRESS_LINES, MAX_TRACKING_NUMBER_CHARACTERS = 4, 64
MAX_TOTAL_GRAMS = 10**11
"""Grams that fit where the weights of all packages of a shipment are added up."""
Row = dict[str, Any]


def party(check: Validator, given: Input, role: enums.PartyRole) -> Row:
    """A name and address. Only the country is required; one whose postcode or region looks odd is warned of."""
    country, region = check.country(given, "country"), check.text(given, "region", 100)
    postal_code = check.text(given, "postalCode", 32)
    for name, message in postal_codes.warnings(country or "", postal_code, region):
        check.add_warning("ODD_" + ("POSTAL_CODE" if name == "postalCode" else "REGION"), message, name)
    return {
        "role": str(role),
        "name": check.text(given, "name", 200) or "",
        "company": check.text(given, "company", 200),
        "lines": check.texts(given, "lines", MAX_ADDRESS_LINES, 200, once=False),
        "city": check.text(given, "city", 200),
        "region": region,
        "postal_code": postal_code,
        "country_code": country,
        "phone": check.text(given, "phone", 50),
        "email": check.text(given, "email", 254),
    }


def parties(check: Validator, given: Input) -> list[Row]:
    """Shipper, recipient and the others; each role is held once."""
    found = [party(check.at("shipper"), given["shipper"], enums.PartyRole.SHIPPER)] if given.get("shipper") else []
    if given.get("recipient"):
        found.append(party(check.at("recipient"), given["recipient"], enums.PartyRole.RECIPIENT))
    for inner, one in check.rows(given, "parties", len(enums.PartyRole)):
        role = one["role"]
        if any(other["role"] == str(role) for other in found):
            inner.add_error(Invalid(f"The role {role} is held twice."), "role")
            continue
        found.append(party(inner.at("party"), one["party"], role))
    return found


def weight(check: Validator, given: Input) -> Row:
    """A weight, in grams and as it was given."""
    inner = given.get("weight")
    if inner is None:
        return {"weight_g": None, "weight_entered": None, "weight_unit": None}
    value, unit = check.at("weight").decimal(inner, "value", 9, 9) or Decimal(0), inner["unit"]
    grams = units.grams(value, unit)
    if grams >= 10**9:
        check.add_error(Invalid("At most 999,999.999 kg fit."), "weight", "value")
        grams = Decimal(0)
    return {"weight_g": grams, "weight_entered": value, "weight_unit": str(unit)}


def dimensions(check: Validator, given: Input) -> Row:
    """Length, width and height, in millimetres."""
    inner = given.get("dimensions")
    if inner is None:
        return {"length_mm": None, "width_mm": None, "height_mm": None, "dims_unit": None}
    sides: Row = {}
    for name in ("length", "width", "height"):
        value = check.at("dimensions").decimal(inner, name, 7, 6, above_zero=True) or Decimal(1)
        sides[f"{name}_mm"] = units.millimetres(value, inner["unit"])
        if not 0 < sides[f"{name}_mm"] < 10**8:
            check.add_error(Invalid("This must lie between 0.0001 mm and 100 km."), "dimensions", name)
    return {**sides, "dims_unit": str(inner["unit"])}


def tracking_number(check: Validator, given: Input, carrier: str | None = None) -> Row:
    """A tracking number, as given and as it is compared; a wrong check digit is warned of."""
    number, norm = check.text(given, "trackingNumber", MAX_TRACKING_NUMBER_CHARACTERS, filled=True), None
    if number is not None:
        norm = tracking_numbers.normalize(number)
        if not norm:
            check.add_error(Invalid("A tracking number has at least one letter or digit."), "trackingNumber")
        elif len(norm) > MAX_TRACKING_NUMBER_CHARACTERS:  # some letters become several in upper case
            check.add_error(
                LimitExceeded(f"At most {MAX_TRACKING_NUMBER_CHARACTERS} characters fit."), "trackingNumber"
            )
        elif message := tracking_numbers.warning(norm, carrier):
            check.add_warning("CHECK_DIGIT", message, "trackingNumber")
    return {"tracking_number": number, "tracking_number_norm": norm}


def warn_in_use(check: Validator) -> None:
    """Say of a package that its tracking number is not its alone."""
    message = "Another shipment that is under way has a package with this tracking number."
    check.add_warning("TRACKING_NUMBER_IN_USE", message, "trackingNumber")


def packages(check: Validator, given: Input) -> list[Row]:
    """Boxes, numbered from 1."""
    return [
        {
            "seq": seq,
            **tracking_number(inner, one, given.get("carrier")),
            **weight(inner, one),
            **dimensions(inner, one),
        }
        for seq, (inner, one) in enumerate(check.rows(given, "packages", MAX_PACKAGES), 1)
    ]


def total_weight(check: Validator, packages: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """The sum of the packages' weights in grams; None unless every one has a weight."""
    weights = [package["weight_g"] for package in packages]
    total = sum(weights, Decimal(0)) if weights and None not in weights else None
    if total is not None and total >= MAX_TOTAL_GRAMS:
        check.add_error(LimitExceeded("All packages together weigh at most 99,999 t."), "packages")
    return total


def items(check: Validator, given: Input, packages: int) -> list[Row]:
    """Kinds of goods, numbered from 1, each in one of so many packages or in none."""
    found = []
    for seq, (inner, one) in enumerate(check.rows(given, "items", MAX_ITEMS), 1):
        in_package = one.get("packageSeq")
        if in_package is not None and not 1 <= in_package <= packages:
            inner.add_error(Invalid(f"There is no package {in_package}; this counts them from 1."), "packageSeq")
        unit_value, currency = inner.money(one, "unitValue")
        row = {
            "seq": seq,
            "package_seq": in_package,
            "sku": inner.text(one, "sku", 100),
            "title": inner.text(one, "title", 500, required=True),
            "quantity": inner.decimal(one, "quantity", 14, 4, above_zero=True),
            "unit": inner.text(one, "unit", 32),
            "unit_value": unit_value,
            "currency": currency,
            "origin_country": inner.country(one, "originCountry"),
            "batch": inner.text(one, "batch", 100),
            "metadata": json_text(inner.metadata(one, "metadata")),
        }
        found.append(row)
    return found


def references(check: Validator, given: Input) -> list[Row]:
    """Other names, each once."""
    found: dict[tuple[str, str], Row] = {}
    for inner, one in check.rows(given, "references", MAX_REFERENCES):
        kind, value = inner.slug(one, "kind", 32, "order or po"), inner.text(one, "value", 128, required=True)
        if kind and value:
            found.setdefault((kind, value), {"seq": len(found) + 1, "kind": kind, "value": value})
    return list(found.values())


MAX_TAGS, MAX_TAG_CHARACTERS = 50, 100


def validate_promise(check: Validator, given: Input) -> dict[str, Any]:
    """The promised window and the estimate."""
    start, end = check.instant(given, "promisedFrom"), check.instant(given, "promisedTo")
    if start and end and start > end:
        check.add_error(Invalid("The promised window ends before it begins."), "promisedTo")
    estimate = check.instant(given, "estimatedDeliveryAt")
    return {"promised_from": start, "promised_to": end, "estimated_delivery_at": estimate}
