"""Errors in the input of a mutation: data, entries of a payload's `errors`, with a path in GraphQL names.

The docstring of a class is its default message.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from graphql_app.domain.enums import DocumentedEnum

Path = tuple[str, ...]
"""Path from the argument inwards, in GraphQL names; positions in lists as text: `("input", "packages", "0")`."""


class ErrorCode(DocumentedEnum):
    """A machine-readable code of an error in the input of a mutation."""

    REQUIRED = "REQUIRED", "A required value is missing or blank."
    INVALID = "INVALID", "A value has the wrong format or is out of range."
    NOT_FOUND = "NOT_FOUND", "The referenced object does not exist in this account."
    DUPLICATE = "DUPLICATE", "The external reference already belongs to another shipment."
    VERSION_CONFLICT = "VERSION_CONFLICT", "The shipment does not have the expected version."
    INVALID_TRANSITION = "INVALID_TRANSITION", "The status of the shipment does not allow this operation."
    NOT_EDITABLE = "NOT_EDITABLE", "The status of the shipment no longer allows this field to change."
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used before with a different input."
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED", "A value is too long, too large or too deep, or a list has too many entries."
    FORBIDDEN = "FORBIDDEN", "The API key does not have the necessary scope."


class UserError(Exception):
    """The input is invalid."""

    code: ClassVar[ErrorCode] = ErrorCode.INVALID

    def __init__(self, message: str | None = None, *, path: Path = ()) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.path = path
        super().__init__(self.message)


class Invalid(UserError):
    """This value is invalid."""


class Required(UserError):
    """This value is required."""

    code = ErrorCode.REQUIRED


class LimitExceeded(UserError):
    """This value exceeds its limit."""

    code = ErrorCode.LIMIT_EXCEEDED


class Forbidden(UserError):
    """The API key does not have the necessary scope."""

    code = ErrorCode.FORBIDDEN


class NotFound(UserError):
    """The object does not exist in this account."""

    code = ErrorCode.NOT_FOUND


class Duplicate(UserError):
    """Another shipment already has this external reference. Use another one, or update that shipment."""

    code = ErrorCode.DUPLICATE

    def __init__(self, message: str | None = None, *, path: Path = (), existing: UUID | None = None) -> None:
        """`existing` is the id of the shipment that has the external reference, if it is known."""
        super().__init__(message, path=path)
        self.existing = existing


class VersionConflict(UserError):
    """The shipment does not have the expected version. Read it again, then retry with its current version."""

    code = ErrorCode.VERSION_CONFLICT

    def __init__(self, *, expected: int, current: int, shipment: UUID, changed: Sequence[str], path: Path = ()) -> None:
        """`changed` holds the names of the fields that changed since the expected version."""
        super().__init__(
            f"The shipment has version {current}, not the expected version {expected}. Read it again, then retry with "
            "its current version.",
            path=path,
        )
        self.expected, self.current, self.shipment, self.changed = expected, current, shipment, list(changed)


class InvalidTransition(UserError):
    """The status of the shipment does not allow this operation."""

    code = ErrorCode.INVALID_TRANSITION

    def __init__(self, message: str, *, source: str, target: str, allowed: Sequence[str], path: Path = ()) -> None:
        """`source` is the current status, `target` the requested one; `allowed` are the statuses possible instead."""
        super().__init__(message, path=path)
        self.source, self.target, self.allowed = source, target, list(allowed)


class NotEditable(UserError):
    """The status of the shipment no longer allows this field to change."""

    code = ErrorCode.NOT_EDITABLE

    def __init__(self, message: str, *, status: str, hint: str, path: Path = ()) -> None:
        """`status` is the current status; `hint` says in a sentence what can still be changed."""
        super().__init__(message, path=path)
        self.status, self.hint = status, hint


class IdempotencyKeyReused(UserError):
    """This idempotency key was used before with a different input. Use a new key for each operation."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED

    def __init__(self, *, first_used_at: datetime, path: Path = ("options", "idempotencyKey")) -> None:
        super().__init__(path=path)
        self.first_used_at = first_used_at


class InvalidInput(Exception):
    """All errors in one input. The message joins theirs with semicolons."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in self.errors))
