"""TODO docstring."""

from dataclasses import dataclass, field
from typing import Any

from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.locking import Key
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums
from graphql_app.errors import user_errors


@dataclass(slots=True)
class ShipmentEdit:
    """An edit of one shipment, checked as far as it can be without the shipment."""

    check: Validator
    key: Key
    input: Input
    expected_version: int | None = None
    expected_path: user_errors.Path = ("options", "expectedVersion")
    by_path: user_errors.Path = ("by",)
    values: dict[str, Any] = field(default_factory=dict)
    parties: dict[enums.PartyRole, input_rows.Row | None] = field(default_factory=dict)
    references: list[input_rows.Row] | None = None
    packages: list[tuple[Validator, Input, input_rows.Row]] = field(default_factory=list)
    """What is given of packages that exist: by their identity, or in their order where there is none."""
    items: list[input_rows.Row] | None = None
    metadata: tuple[dict[str, Any], list[str]] = field(default_factory=lambda: ({}, []))
    tags: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    clears: set[str] = field(default_factory=set)
    """Which of metadata and tags are taken away altogether."""
    confirms: bool = False
    returns: user_errors.UserError | None = None
    """What is wrong with what it shall bring back, where it is there already."""
