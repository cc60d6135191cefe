"""Keys of shipments: the `ShipmentBy` input as the values by which SQL finds a shipment, and the error without one."""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import normal_forms
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

SHIPMENT_NOT_FOUND = "There is no shipment with this id, number or external reference."
"""The message of `shipment_not_found`."""


def validate_key(validator: Validator, by: Input | None, *names: str) -> dict[str, Any]:
    """The values of `parse_key`, after `check_key`. `names` is the path of the key below the path of the validator."""
    check_key(validator, by, *names)
    return parse_key(by)


def parse_key(by: Input | None) -> dict[str, Any]:
    """The `id`, `number` and `reference` of a ShipmentBy, in their normal form. An id of another type becomes the nil
    UUID: it matches no shipment."""
    by = by or {}
    public_id = by.get("id")
    id_ = (public_ids.decode_as(models.Shipment, public_id) or UUID(int=0)) if public_id is not None else None
    number, reference = by.get("number"), by.get("externalReference")
    return {
        "id": id_,
        "number": None if number is None else normal_forms.text(number),
        "reference": None if reference is None else normal_forms.text(reference),
    }


def check_key(validator: Validator, by: Input | None, *names: str) -> bool:
    """Whether PostgreSQL can store every text of the key; adds an error for each that it cannot."""
    texts = [(name, value) for name, value in (by or {}).items() if value is not None]
    return all([validator.check_text(value, *names, name) for name, value in texts])


def shipment_not_found(path: user_errors.Path = ()) -> user_errors.NotFound:
    """The error for a key that matches no shipment of the account. `Validator.add_error` sets the path."""
    return user_errors.NotFound(SHIPMENT_NOT_FOUND, path=path)
