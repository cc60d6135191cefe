"""TODO docstring."""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.validation import Check, Given
from graphql_app.models import public_ids

NO_SHIPMENT = "There is no such shipment."


def key_of(given: Given | None) -> dict[str, Any]:
    """What names a shipment: its identity, number or reference. An identity of another kind names nothing."""
    given = given or {}
    public = given.get("id")
    found = (public_ids.of(models.Shipment, public) or UUID(int=0)) if public is not None else None
    return {"id": found, "number": given.get("number"), "reference": given.get("externalReference")}


def storable(check: Check, given: Given | None, *names: str) -> bool:
    """Whether all texts that name something are such as a row can have."""
    texts = [(name, value) for name, value in (given or {}).items() if value is not None]
    return all([check.storable(value, *names, name) for name, value in texts])


NONE = "There is no such shipment."
