"""Database errors: maps failures of PostgreSQL, asyncpg and SQLAlchemy to request errors, by SQLSTATE.

SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from graphql_app.errors import request_errors

CONFLICT_SQLSTATES = ("40001", "40P01", "55P03")
"""Serialization failure, deadlock, lock timeout."""
UNAVAILABLE_SQLSTATES = ("08", "53", "57P", "58", "25006", "25P03", "55000")
"""SQLSTATE prefixes: the connection or the server was lost, is starting, out of resources, or a read-only standby,
which does not know the timeline of the change log (55000)."""
UNUSABLE_SQLSTATES = ("08", "57P", "25006", "25P03")
"""SQLSTATE prefixes after which a connection is closed instead of returned to the pool: the server has ended it, or has
become read-only."""
READ_ONLY_TRANSACTION = "25006"
"""SQLSTATE of a write on a read-only server."""
QUERY_CANCELED = "57014"
"""SQLSTATE of a statement that exceeded `statement_timeout`."""
DATA_EXCEPTION_CLASS = "22"
"""SQLSTATE class of values that PostgreSQL cannot store or compare."""
PROGRAM_LIMIT_CLASS = "54"
"""SQLSTATE class of statements that exceed a limit of PostgreSQL."""
CLOSED_CONNECTION_PHRASES = ("closed", "is cancelling")
"""Parts of asyncpg's messages about a connection that cannot run statements: it is closed, or still cancelling one."""
LOST_CONNECTION_ERRORS = (asyncpg.InternalClientError, asyncpg.InvalidCachedStatementError)
"""Raised when the server shuts down amid a response, or when a table was altered after its statement was prepared."""


DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""All errors that SQLAlchemy, PostgreSQL, asyncpg and the network report; asyncpg raises a few others as well."""


def first_line(error: object) -> str:
    """Return the first line of an error's message without its final period, or the error's type if it has none."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def driver_error(error: BaseException) -> BaseException:
    """Return the error as asyncpg raised it. SQLAlchemy wraps it twice, or once while the pool connects."""
    wrapped = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    return wrapped.__cause__ or wrapped if isinstance(wrapped, EmulatedDBAPIException) else wrapped


def to_request_error(error: BaseException) -> request_errors.RequestError | None:
    """Return the request error for a failure of the database; None if the failure is a bug of this program."""
    if isinstance(error, PoolTimeout):
        return request_errors.Overloaded()
    cause = driver_error(error)
    state = str(getattr(cause, "sqlstate", None) or "")
    if state == QUERY_CANCELED:
        return request_errors.Timeout()
    if state in CONFLICT_SQLSTATES:
        return request_errors.Conflict()
    if state.startswith(PROGRAM_LIMIT_CLASS):
        return request_errors.LimitExceeded("The operation exceeds a limit of PostgreSQL. Request less at a time.")
    if state.startswith(DATA_EXCEPTION_CLASS):
        return request_errors.BadUserInput("A value cannot be stored or compared. Check numbers, dates and text.")
    connection_lost = (
        state.startswith(UNAVAILABLE_SQLSTATES)
        or isinstance(cause, OSError | TimeoutError)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or (isinstance(cause, asyncpg.InterfaceError) and any(part in str(cause) for part in CLOSED_CONNECTION_PHRASES))
        or isinstance(cause, LOST_CONNECTION_ERRORS)
    )
    return request_errors.ConnectionLost() if connection_lost else None


def is_database_failure(error: BaseException) -> bool:
    """Return whether an error comes from the database or its connection, so that one line of the log describes it."""
    return to_request_error(error) is not None or isinstance(error, DATABASE_ERRORS)


def makes_unusable(error: BaseException) -> bool:
    """Return whether a connection must be closed after this error of one of its statements."""
    cause = driver_error(error)
    state = str(getattr(cause, "sqlstate", None) or "")
    return state.startswith(UNUSABLE_SQLSTATES) or isinstance(cause, OSError | TimeoutError)


def discredits_pool(error: BaseException) -> bool:
    """Return whether other connections that are as old probably fail in the same way as the one with this error.

    After a failover they lead to the previous server: it is read-only now, or no longer responds.
    """
    cause = driver_error(error)
    return isinstance(cause, TimeoutError) or getattr(cause, "sqlstate", None) == READ_ONLY_TRANSACTION


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's five-character error code, or None."""
    return getattr(driver_error(error), "sqlstate", None)


def constraint(error: BaseException) -> str | None:
    """Return the name of the violated constraint, or None."""
    cause: Any = driver_error(error)
    return getattr(cause, "constraint_name", None)
