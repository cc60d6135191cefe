"""Keyset cursors: where a row stands in an order. Opaque, versioned, bound to the order they were made for.

SQL makes them (`expression`), Python reads them (`decode`). Layout: the version, then each of the order's values in
PostgreSQL's binary form (texts with their length), then the CRC-32 of the order's name and those values; Base64 of all.
What does not decode exactly, was changed, or belongs to another order is refused with INVALID_CURSOR: it must never
silently mean page one or another place.
"""

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, DateTime, SmallInteger, String, Uuid, cast, func
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.types import TypeEngine

from graphql_app.errors import request_errors
from graphql_app.models.columns import Xid8
from graphql_app.query_engine import json_sql

VERSION = b"\x01"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INFINITY = 2**63 - 1
FOREVER = datetime.max  # asyncpg's name for 'infinity'


@dataclass(frozen=True)
class Key:
    """One column of an order."""

    expression: ColumnElement[Any]
    type: TypeEngine[Any]
    descending: bool


def seed(name: str, keys: Sequence[Key]) -> bytes:
    """What the sum of a cursor begins with: the order by its name and directions."""
    return f"{name}:{','.join('-' if key.descending else '+' for key in keys)}".encode()


def expression(name: str, keys: Sequence[Key]) -> ColumnElement[str]:
    """SQL for the cursor of a row."""
    values = [sent(key) for key in keys]
    total = func.substr(func.int8send(func.crc32(joined(seed(name, keys), values))), json_sql.sql("5"))
    text = func.encode(joined(VERSION, [*values, total]), json_sql.sql("'base64'"))
    # Base64 of more than 57 bytes comes with line breaks
    fits = len(keys) <= 4 and not any(isinstance(key.type, String) for key in keys)
    return text if fits else func.translate(text, json_sql.sql("E'\\n'"), json_sql.sql("''"))


def joined(first: bytes, rest: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Bytes of ours, then those of expressions."""
    whole: ColumnElement[Any] = json_sql.sql(f"'\\x{first.hex()}'::bytea", BYTEA())
    for one in rest:
        whole = whole.op("||")(one)
    return whole


def sent(key: Key) -> ColumnElement[Any]:
    """The binary form of a value, of fixed length or preceded by it."""
    if isinstance(key.type, DateTime):
        return func.timestamptz_send(key.expression)
    if isinstance(key.type, Uuid):
        return func.uuid_send(key.expression)
    if isinstance(key.type, Xid8):
        return func.xid8send(key.expression)
    if isinstance(key.type, BigInteger):
        return func.int8send(key.expression)
    if isinstance(key.type, String):
        length = func.int2send(cast(func.octet_length(key.expression), SmallInteger))
        return length.op("||")(func.convert_to(key.expression, json_sql.sql("'UTF8'")))
    raise TypeError(f"No cursor is known for {key.type!r}.")


def of_numbers(name: str, keys: Sequence[Key], numbers: Sequence[int]) -> str:
    """The cursor of a row whose keys are all whole numbers, as SQL would make it."""
    return finished(name, keys, struct.pack(f">{len(numbers)}q", *numbers))


def finished(name: str, keys: Sequence[Key], body: bytes) -> str:
    """The cursor of such values."""
    return base64.b64encode(VERSION + body + struct.pack(">I", zlib.crc32(seed(name, keys) + body))).decode()


def decode(cursor: str, name: str, keys: Sequence[Key]) -> list[object]:
    """The values that a cursor stands for, in the order of the keys."""
    try:
        raw = base64.b64decode(cursor, validate=True)
        body = raw[1:-4]
        if finished(name, keys, body) != cursor:
            raise request_errors.InvalidCursor
        values, at = [], 0
        for key in keys:
            value, at = received(key.type, body, at)
            values.append(value)
        if at != len(body):
            raise request_errors.InvalidCursor
    except (ValueError, struct.error, OverflowError):
        raise request_errors.InvalidCursor from None
    return values


def received(type_: TypeEngine[Any], raw: bytes, at: int) -> tuple[object, int]:
    """One value from its binary form at a place, and the place behind it."""
    if isinstance(type_, DateTime):
        (microseconds,) = struct.unpack_from(">q", raw, at)
        return FOREVER if microseconds == INFINITY else EPOCH + microseconds * MICROSECOND, at + 8
    if isinstance(type_, Uuid):
        return UUID(bytes=raw[at : at + 16]), at + 16
    if isinstance(type_, BigInteger | Xid8):
        return struct.unpack_from(">q", raw, at)[0], at + 8
    (length,) = struct.unpack_from(">h", raw, at)
    text = raw[at + 2 : at + 2 + length]
    if len(text) != length or b"\0" in text:
        raise request_errors.InvalidCursor
    return text.decode(), at + 2 + length
