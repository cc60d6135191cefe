"""A validated edit of one shipment, before the shipment is loaded."""

from dataclasses import dataclass, field
from typing import Any

from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.locking import ShipmentKey
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums
from graphql_app.errors import user_errors


@dataclass(slots=True)
class ShipmentEdit:
    """An edit of one shipment, validated as far as possible without the shipment."""

    validator: Validator
    key: ShipmentKey
    input: Input
    expected_version: int | None = None
    expected_path: user_errors.Path = ("options", "expectedVersion")
    by_path: user_errors.Path = ("by",)
    values: dict[str, Any] = field(default_factory=dict)
    """New values of the shipment's own fields, by GraphQL name."""
    days: dict[str, Any] = field(default_factory=dict)
    """The days of times that were given as days, see `delivery_times.DAY_COLUMNS`."""
    parties: dict[enums.PartyRole, input_rows.InputRow | None] = field(default_factory=dict)
    references: list[input_rows.InputRow] | None = None
    packages: list[tuple[Validator, Input, input_rows.InputRow]] = field(default_factory=list)
    """Edits of packages: by `id`, or by position if the input has no id."""
    items: list[input_rows.InputRow] | None = None
    metadata: tuple[dict[str, Any], list[str]] = field(default_factory=lambda: ({}, []))
    """Metadata to set, and keys to remove."""
    tags: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    """Tags to add, and tags to remove."""
    cleared: set[str] = field(default_factory=set)
    """Which of `metadata` and `tags` are removed completely."""
    confirms: bool = False
    return_of_error: user_errors.UserError | None = None
    """The error of `returnOf`, if the shipment exists already."""
