"""Keyset cursors: the position of a row in an order. Opaque, versioned and bound to the order that they were made for.

SQL creates cursors (`expression`), Python decodes them (`decode`). Layout: the version; each value of the order in
PostgreSQL's binary form, strings with their length; the CRC-32 of the order's name and those values. All of it in
Base64. A cursor that does not decode exactly, was changed or belongs to another order is rejected with INVALID_CURSOR:
it must never silently mean the first page or another position.
"""

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, DateTime, Enum, Numeric, SmallInteger, String, Text, Uuid, cast, func
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.types import TypeEngine

from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql

VERSION = b"\x01"
"""The first byte of a cursor."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts timestamps from here."""
MICROSECOND = timedelta(microseconds=1)
"""PostgreSQL's unit of timestamps."""
INFINITY_MICROSECONDS = 2**63 - 1
"""The binary form of the timestamp 'infinity'."""
INFINITY = datetime.max
"""The value that asyncpg sends as the timestamp 'infinity'."""
MINUS_INFINITY_MICROSECONDS, MINUS_INFINITY = -(2**63), datetime.min
"""The same for the timestamp '-infinity'."""


@dataclass(frozen=True)
class SortKey:
    """One column of an order."""

    expression: ColumnElement[Any]
    type: TypeEngine[Any]
    descending: bool


def checksum_prefix(name: str, keys: Sequence[SortKey]) -> bytes:
    """Return the name and directions of an order: the first input of a cursor's checksum."""
    return f"{name}:{','.join('-' if key.descending else '+' for key in keys)}".encode()


def expression(name: str, keys: Sequence[SortKey]) -> ColumnElement[str]:
    """Return the SQL for the cursor of a row.

    Args:
        name: the name of the order, for example `shipments:CREATED_AT`.
        keys: the columns of the order, and further columns that the cursor contains.
    """
    values = [binary_value(key) for key in keys]
    checksum_input = concatenate(checksum_prefix(name, keys), values)
    checksum = func.substr(func.int8send(func.crc32(checksum_input)), json_sql.sql("5"))
    text = func.encode(concatenate(VERSION, [*values, checksum]), json_sql.sql("'base64'"))
    # PostgreSQL breaks Base64 of more than 57 bytes into lines.
    fits_one_line = len(keys) <= 4 and not any(isinstance(key.type, String | Numeric) for key in keys)
    return text if fits_one_line else func.translate(text, json_sql.sql("E'\\n'"), json_sql.sql("''"))


def concatenate(prefix: bytes, values: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return the SQL for constant bytes, followed by the bytes of expressions."""
    result: ColumnElement[Any] = json_sql.sql(f"'\\x{prefix.hex()}'::bytea", BYTEA())
    for value in values:
        result = result.op("||")(value)
    return result


def binary_value(key: SortKey) -> ColumnElement[Any]:
    """Return the SQL for the binary form of a value: of fixed length, or preceded by its length.

    Raises:
        TypeError: the type has no binary form here.
    """
    if isinstance(key.type, DateTime):
        return func.timestamptz_send(key.expression)
    if isinstance(key.type, Uuid):
        return func.uuid_send(key.expression)
    if isinstance(key.type, BigInteger):
        return func.int8send(key.expression)
    if isinstance(key.type, Numeric | Enum):  # as text, and so is an enum, whose binary form differs between databases
        return binary_text(cast(key.expression, Text))
    if isinstance(key.type, String):
        return binary_text(key.expression)
    raise TypeError(f"A column of type {key.type!r} cannot be part of a cursor.")


def binary_text(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the SQL for the bytes of a text, preceded by their number."""
    length = func.int2send(cast(func.octet_length(text), SmallInteger))
    return length.op("||")(func.convert_to(text, json_sql.sql("'UTF8'")))


def encode_integer(value: int) -> bytes:
    """Return the binary form of a bigint."""
    return struct.pack(">q", value)


def encode_timestamp(value: datetime) -> bytes:
    """Return the binary form of a timestamp."""
    return encode_integer((value - EPOCH) // MICROSECOND)


def encode(name: str, keys: Sequence[SortKey], body: bytes) -> str:
    """Return the cursor of values in their binary form, equal to the one that SQL creates."""
    checksum = zlib.crc32(checksum_prefix(name, keys) + body)
    return base64.b64encode(VERSION + body + struct.pack(">I", checksum)).decode()


def decode(cursor: str, name: str, keys: Sequence[SortKey]) -> list[object]:
    """Return the values of a cursor, one for each key.

    Raises:
        InvalidCursor: the cursor is malformed, was changed or belongs to another order.
    """
    try:
        raw = base64.b64decode(cursor, validate=True)
        body = raw[1:-4]
        if encode(name, keys, body) != cursor:
            raise request_errors.InvalidCursor
        values, offset = [], 0
        for key in keys:
            value, offset = decode_value(key.type, body, offset)
            values.append(value)
        if offset != len(body):
            raise request_errors.InvalidCursor
    except (ValueError, struct.error, OverflowError, InvalidOperation):
        raise request_errors.InvalidCursor from None
    return values


def decode_value(type_: TypeEngine[Any], raw: bytes, offset: int) -> tuple[object, int]:
    """Return the value whose binary form starts at an offset, and the offset after it.

    Raises:
        InvalidCursor: a string is shorter than its length says, or contains U+0000.
    """
    if isinstance(type_, DateTime):
        (microseconds,) = struct.unpack_from(">q", raw, offset)
        infinite = {INFINITY_MICROSECONDS: INFINITY, MINUS_INFINITY_MICROSECONDS: MINUS_INFINITY}.get(microseconds)
        return infinite or EPOCH + microseconds * MICROSECOND, offset + 8
    if isinstance(type_, Uuid):
        return UUID(bytes=raw[offset : offset + 16]), offset + 16
    if isinstance(type_, BigInteger):
        return struct.unpack_from(">q", raw, offset)[0], offset + 8
    (length,) = struct.unpack_from(">h", raw, offset)
    start = offset + 2
    text = raw[start : start + length]
    if len(text) != length or b"\0" in text:
        raise request_errors.InvalidCursor
    value = Decimal(text.decode()) if isinstance(type_, Numeric) else text.decode()
    if isinstance(type_, Enum) and value not in type_.enums:
        raise request_errors.InvalidCursor
    return value, start + length
