"""TODO docstring."""

from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from graphql_app.errors import request_errors


def first_line(error: object) -> str:
    """The first line of an error's message, without the dot at its end."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


CONFLICT_SQLSTATES = ("40001", "40P01", "55P03")
"""SQLSTATEs of serialization failure, deadlock, lock timeout."""
UNAVAILABLE_SQLSTATES = ("08", "53", "57P", "58", "25006", "25P03")
"""What they begin with when the connection or the server has gone, is not yet up, is full, or only a standby."""
QUERY_CANCELED, DATA_EXCEPTION_CLASS, PROGRAM_LIMIT_CLASS = "57014", "22", "54"
GONE = ("closed", "is cancelling")
"""What asyncpg says of a connection that nothing can be asked of any more, or not yet."""
GOING = (asyncpg.InternalClientError, asyncpg.InvalidCachedStatementError)
"""The server has said that it goes, in between; or tables were changed beneath a statement that was prepared."""


def driver_error(error: BaseException) -> BaseException:
    """The error as asyncpg raised it. SQLAlchemy wraps it twice, or once where the pool makes a connection."""
    wrapped = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    return wrapped.__cause__ or wrapped if isinstance(wrapped, EmulatedDBAPIException) else wrapped


def to_request_error(error: BaseException) -> request_errors.RequestError | None:
    """What a failure of the database means for the request; None where it is a mistake of ours."""
    if isinstance(error, PoolTimeout):
        return request_errors.Overloaded()
    cause = driver_error(error)
    state = str(getattr(cause, "sqlstate", None) or "")
    if state == QUERY_CANCELED:
        return request_errors.Timeout()
    if state in CONFLICT_SQLSTATES:
        return request_errors.Conflict()
    if state.startswith(PROGRAM_LIMIT_CLASS):
        return request_errors.LimitExceeded("This is more than one statement can hold: ask for less at a time.")
    if state.startswith(DATA_EXCEPTION_CLASS):
        return request_errors.BadUserInput("A value is not one that can be stored or compared.")
    lost = (
        state.startswith(UNAVAILABLE_SQLSTATES)
        or isinstance(cause, OSError | TimeoutError)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or (isinstance(cause, asyncpg.InterfaceError) and any(word in str(cause) for word in GONE))
        or isinstance(cause, GOING)
    )
    return request_errors.ConnectionLost() if lost else None


def sqlstate(error: BaseException) -> str | None:
    """The five characters with which PostgreSQL names what went wrong."""
    return getattr(driver_error(error), "sqlstate", None)


def constraint(error: BaseException) -> str | None:
    """The name of the constraint that a write would have broken."""
    cause: Any = driver_error(error)
    return getattr(cause, "constraint_name", None)
