"""TODO docstring."""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.validation import Input, Validator
from graphql_app.models import public_ids

SHIPMENT_NOT_FOUND = "There is no such shipment."


def parse_key(given: Input | None) -> dict[str, Any]:
    """What names a shipment: its identity, number or reference. An identity of another kind names nothing."""
    given = given or {}
    public = given.get("id")
    found = (public_ids.decode_as(models.Shipment, public) or UUID(int=0)) if public is not None else None
    return {"id": found, "number": given.get("number"), "reference": given.get("externalReference")}


def check_key(check: Validator, given: Input | None, *names: str) -> bool:
    """Whether all texts that name something are such as a row can have."""
    texts = [(name, value) for name, value in (given or {}).items() if value is not None]
    return all([check.check_text(value, *names, name) for name, value in texts])


NONE = "There is no such shipment."
