"""Input objects of a shipment → rows of its tables. Pure: errors and warnings go to the `Validator`.

Rows are dictionaries with the column names of the SQL in `commands/sql`. An invalid part still yields a row: the
collected errors decide whether anything is written.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from graphql_app.commands import delivery_times
from graphql_app.commands.command import json_text
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums, normal_forms, postal_codes, tracking_numbers, units
from graphql_app.errors.user_errors import Invalid, LimitExceeded

MAX_PACKAGES = 200
"""Maximum number of packages of a shipment."""
MAX_ITEMS = 500
"""Maximum number of items of a shipment."""
MAX_REFERENCES = 50
"""Maximum number of references of a shipment."""
MAX_ADDRESS_LINES = 4
"""Maximum number of address lines of a party."""
MAX_TRACKING_NUMBER_CHARACTERS = 64
"""Maximum length of a tracking number, as entered without blanks and normalized."""
NO_LETTER_OR_DIGIT = "Must contain at least one letter or digit."
"""The message for a tracking number that consists of blanks and punctuation."""
FOREIGN_LETTER = "Must contain no other letters than A to Z. Digits, blanks and punctuation are allowed."
"""The message for a tracking number with other letters, which no carrier uses."""
MAX_TAGS = 50
"""Maximum number of tags of a shipment."""
MAX_TAG_CHARACTERS = 100
"""Maximum length of a tag."""
MAX_PACKAGE_GRAMS = 10**9
"""The weight of a package is below this."""
MAX_MILLIMETRES = 10**8
"""Each dimension of a package is below this."""
MAX_TOTAL_GRAMS = 10**11
"""The sum of the package weights of a shipment is below this."""
PROMISE_REVERSED = "`promisedTo` must not be before `promisedFrom`."
"""The message for a promised delivery window that ends before it starts."""
InputRow = dict[str, Any]
"""The columns of one row."""


def party(validator: Validator, fields: Input, role: enums.PartyRole) -> InputRow:
    """A row of `party`. Only the country is required; an unusual postal code or region is a warning."""
    country, region = validator.country(fields, "country"), validator.text(fields, "region", 100)
    postal_code = validator.text(fields, "postalCode", 32)
    for name, message in postal_codes.warnings(country or "", postal_code, region):
        validator.add_warning("ODD_" + ("POSTAL_CODE" if name == "postalCode" else "REGION"), message, name)
    return {
        "role": str(role),
        "name": validator.text(fields, "name", 200) or "",
        "company": validator.text(fields, "company", 200),
        "lines": validator.texts(fields, "lines", MAX_ADDRESS_LINES, 200, unique=False),
        "city": validator.text(fields, "city", 200),
        "region": region,
        "postal_code": postal_code,
        "country_code": country,
        "phone": validator.text(fields, "phone", 50),
        "email": validator.text(fields, "email", 254),
    }


def parties(validator: Validator, fields: Input) -> list[InputRow]:
    """The rows of shipper, recipient and `parties`. A role that occurs twice is an error."""
    rows = [
        party(validator.at(name), fields[name], role)
        for name, role in (("shipper", enums.PartyRole.SHIPPER), ("recipient", enums.PartyRole.RECIPIENT))
        if fields.get(name)
    ]
    for party_validator, entry in validator.rows(fields, "parties", len(enums.PartyRole)):
        role = entry["role"]
        if any(row["role"] == str(role) for row in rows):
            message = f"The role {role} is used twice. A shipment has at most one party per role."
            party_validator.add_error(Invalid(message), "role")
            continue
        rows.append(party(party_validator.at("party"), entry["party"], role))
    return rows


def weight(validator: Validator, fields: Input) -> InputRow:
    """The weight columns of a package: in grams, and value and unit as entered."""
    entered = fields.get("weight")
    if entered is None:
        return {"weight_g": None, "weight_entered": None, "weight_unit": None}
    places, unit = units.ENTERED_WEIGHT_DECIMAL_PLACES, entered["unit"]
    value = validator.at("weight").decimal(entered, "value", 9, places) or Decimal(0)
    grams = units.grams(value, unit)
    if grams >= MAX_PACKAGE_GRAMS:
        validator.add_error(Invalid("Must be less than 1,000,000 kg."), "weight", "value")
        grams = Decimal(0)
    return {"weight_g": grams, "weight_entered": value, "weight_unit": str(unit)}


def dimensions(validator: Validator, fields: Input) -> InputRow:
    """The dimension columns of a package: length, width and height in millimetres, and the unit as entered."""
    entered = fields.get("dimensions")
    if entered is None:
        return {"length_mm": None, "width_mm": None, "height_mm": None, "dims_unit": None}
    columns: InputRow = {}
    places = units.ENTERED_LENGTH_DECIMAL_PLACES
    for name in ("length", "width", "height"):
        value = validator.at("dimensions").decimal(entered, name, 7, places, positive=True) or Decimal(1)
        columns[f"{name}_mm"] = units.millimetres(value, entered["unit"])
        if columns[f"{name}_mm"] >= MAX_MILLIMETRES:
            validator.add_error(Invalid("Must be less than 100 km."), "dimensions", name)
    return {**columns, "dims_unit": str(entered["unit"])}


def tracking_number(validator: Validator, fields: Input, carrier: str | None = None) -> InputRow:
    """The tracking number columns: as entered, and normalized for comparison. A wrong check digit is a warning."""
    entered = fields.get("trackingNumber")
    if entered is not None:
        entered = normal_forms.tracking_number_text(entered)
        length = len(entered) - entered.count(" ")
        if length > MAX_TRACKING_NUMBER_CHARACTERS:
            message = (
                f"Must be at most {MAX_TRACKING_NUMBER_CHARACTERS} characters, not counting blanks (was {length})."
            )
            validator.add_error(LimitExceeded(message), "trackingNumber")
            entered = None
    stored_limit = 2 * MAX_TRACKING_NUMBER_CHARACTERS
    number = validator.text({"trackingNumber": entered}, "trackingNumber", stored_limit, reject_blank=True)
    normalized = None
    if number is not None:
        normalized = normal_forms.tracking_number(number)
        if not normalized:
            validator.add_error(Invalid(NO_LETTER_OR_DIGIT), "trackingNumber")
        elif not normal_forms.COMPLETE_TRACKING_NUMBER.fullmatch(normalized):
            validator.add_error(Invalid(FOREIGN_LETTER), "trackingNumber")
        elif len(normalized) > MAX_TRACKING_NUMBER_CHARACTERS:  # some compatibility characters become several
            too_long = f"Must be at most {MAX_TRACKING_NUMBER_CHARACTERS} letters and digits."
            validator.add_error(LimitExceeded(too_long), "trackingNumber")
        elif warning := tracking_numbers.warning(normalized, carrier):
            validator.add_warning("CHECK_DIGIT", warning, "trackingNumber")
    return {"tracking_number": number, "tracking_number_norm": normalized}


def warn_in_use(validator: Validator) -> None:
    """Warn that an active package of another shipment has the same tracking number."""
    message = "A package of another active shipment has the same tracking number."
    validator.add_warning("TRACKING_NUMBER_IN_USE", message, "trackingNumber")


def packages(validator: Validator, fields: Input) -> list[InputRow]:
    """The rows of `package`, with `seq` from 1."""
    return [
        {
            "seq": seq,
            **tracking_number(package_validator, package, fields.get("carrier")),
            **weight(package_validator, package),
            **dimensions(package_validator, package),
        }
        for seq, (package_validator, package) in enumerate(validator.rows(fields, "packages", MAX_PACKAGES), 1)
    ]


def total_weight(validator: Validator, packages: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """The sum of the packages' weights in grams; None if a package has no weight or there is none."""
    weights = [package["weight_g"] for package in packages]
    total = units.total(weights) if weights and None not in weights else None
    if total is not None and total >= MAX_TOTAL_GRAMS:
        validator.add_error(LimitExceeded("The packages must weigh less than 100,000 t in total."), "packages")
    return total


def items(validator: Validator, fields: Input, package_count: int) -> list[InputRow]:
    """The rows of `shipment_item`, with `seq` from 1. `packageSeq` is null or between 1 and `package_count`."""
    rows = []
    for seq, (item_validator, item) in enumerate(validator.rows(fields, "items", MAX_ITEMS), 1):
        package_seq = item.get("packageSeq")
        if package_seq is not None and not 1 <= package_seq <= package_count:
            message = f"There is no package {package_seq}: `packageSeq` counts the {package_count} packages from 1."
            item_validator.add_error(Invalid(message), "packageSeq")
        unit_value, currency = item_validator.money(item, "unitValue")
        rows.append(
            {
                "seq": seq,
                "package_seq": package_seq,
                "sku": item_validator.text(item, "sku", 100),
                "title": item_validator.text(item, "title", 500, required=True),
                "quantity": item_validator.decimal(item, "quantity", 14, 4, positive=True),
                "unit": item_validator.text(item, "unit", 32),
                "unit_value": unit_value,
                "currency": currency,
                "origin_country": item_validator.country(item, "originCountry"),
                "batch": item_validator.text(item, "batch", 100),
                "metadata": json_text(item_validator.metadata(item, "metadata")),
            }
        )
    return rows


def references(validator: Validator, fields: Input) -> list[InputRow]:
    """The rows of `shipment_reference`, without repetitions."""
    rows: dict[tuple[str, str], InputRow] = {}
    for reference_validator, reference in validator.rows(fields, "references", MAX_REFERENCES):
        kind = reference_validator.slug(reference, "kind", 32, "order or po")
        value = reference_validator.text(reference, "value", 128, required=True)
        if kind and value:
            rows.setdefault((kind, value), {"seq": len(rows) + 1, "kind": kind, "value": value})
    return list(rows.values())


def validate_promise(validator: Validator, fields: Input) -> dict[str, Any]:
    """The columns of the promised delivery window and of the estimated delivery."""
    zone = delivery_times.zone(validator, fields)
    start = delivery_times.parse(validator, fields, "promisedFrom", zone, delivery_times.FIRST_TIME)
    end = delivery_times.parse(validator, fields, "promisedTo", zone)
    estimate = delivery_times.parse(validator, fields, "estimatedDeliveryAt", zone)
    if start.instant and end.instant and start.instant > end.instant:
        validator.add_error(Invalid(PROMISE_REVERSED), "promisedTo")
    return {
        "promised_from": start.instant,
        "promised_from_date": start.day,
        "promised_to": end.instant,
        "promised_to_date": end.day,
        "estimated_delivery_at": estimate.instant,
        "estimate_given_date": estimate.day,
    }
