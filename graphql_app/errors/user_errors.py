"""What can be wrong with one input: data, an entry of a payload's `errors`, with a path in GraphQL names."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from graphql_app.domain.enums import DocumentedEnum

Path = tuple[str, ...]


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
    """The input is not valid."""

    code: ClassVar[ErrorCode] = ErrorCode.INVALID

    def __init__(self, message: str | None = None, *, path: Path = ()) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.path = path
        super().__init__(self.message)


class Invalid(UserError):
    """This value is not valid."""


class Required(UserError):
    """This value is required."""

    code = ErrorCode.REQUIRED


class LimitExceeded(UserError):
    """This is more than the limit."""

    code = ErrorCode.LIMIT_EXCEEDED


class Forbidden(UserError):
    """The API key does not allow this."""

    code = ErrorCode.FORBIDDEN


class NotFound(UserError):
    """There is no such object."""

    code = ErrorCode.NOT_FOUND


class Duplicate(UserError):
    """Another shipment already has this."""

    code = ErrorCode.DUPLICATE

    def __init__(self, message: str | None = None, *, path: Path = (), existing: UUID | None = None) -> None:
        super().__init__(message, path=path)
        self.existing = existing


class VersionConflict(UserError):
    """The shipment was changed since the version that you expected."""

    code = ErrorCode.VERSION_CONFLICT

    def __init__(self, *, expected: int, current: int, shipment: UUID, changed: Sequence[str], path: Path = ()) -> None:
        super().__init__(f"You expected version {expected}, but the shipment has version {current}.", path=path)
        self.expected, self.current, self.shipment, self.changed = expected, current, shipment, list(changed)


class InvalidTransition(UserError):
    """The shipment's status does not allow this."""

    code = ErrorCode.INVALID_TRANSITION

    def __init__(self, message: str, *, source: str, target: str, allowed: Sequence[str], path: Path = ()) -> None:
        super().__init__(message, path=path)
        self.source, self.target, self.allowed = source, target, list(allowed)


class NotEditable(UserError):
    """This field cannot be changed any more."""

    code = ErrorCode.NOT_EDITABLE

    def __init__(self, message: str, *, status: str, hint: str, path: Path = ()) -> None:
        super().__init__(message, path=path)
        self.status, self.hint = status, hint


class IdempotencyKeyReused(UserError):
    """This idempotency key was used before with another input."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED

    def __init__(self, *, first_used_at: datetime, path: Path = ("options", "idempotencyKey")) -> None:
        super().__init__(path=path)
        self.first_used_at = first_used_at


class InvalidInput(Exception):
    """All that is wrong with one input."""

    def __init__(self, problems: Sequence[UserError]) -> None:
        self.errors = list(problems)
        super().__init__("; ".join(problem.message for problem in self.errors))
