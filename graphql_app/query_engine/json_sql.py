"""JSON as text, written by PostgreSQL: literal pieces and SQL expressions, put together by `concat`.

In flows what a selection asks for, out flows one SQL expression of type text. `concat` skips nulls and writes values
with their output functions, which makes it about a quarter cheaper than JSON_OBJECT and json_agg for the same answer.
Refuses: scalars whose text it does not know to be the same as the Strawberry scalar's.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLEnumType, GraphQLNamedType, GraphQLOutputType, get_named_type, is_list_type, is_non_null_type
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    Numeric,
    String,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Piece = str | ColumnElement[Any]
Pieces = list[Piece]
"""JSON text to be: pieces of text as they are, and SQL expressions that yield the rest."""

NULL = "null"
MISSING = b"\x01"
"""Stands in the text where a row must be and is not: no JSON that is well formed contains it. See `nulls.py`."""
ENCODING: ColumnElement[str] = literal_column("'UTF8'")
MAX_FUNCTION_ARGUMENTS = 90  # PostgreSQL allows 100 arguments of a function


class Concat(ColumnElement[str]):
    """`concat(…)` over pieces. Its SQL is the text of the answer with holes, readable as such."""

    inherit_cache = False
    type = Text()

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces: Pieces = []
        for piece in flat(pieces):
            if isinstance(piece, str) and self.pieces and isinstance(self.pieces[-1], str):
                self.pieces[-1] += piece
            else:
                self.pieces.append(piece)


def flat(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """Nested concatenations taken apart, so that literal text on both sides of a seam becomes one literal."""
    for piece in pieces:
        if isinstance(piece, Concat):
            yield from piece.pieces
        else:
            yield piece


@compiles(Concat)
def _compile(element: Concat, compiler: SQLCompiler, **kw: Any) -> str:
    parts = [literal(p) if isinstance(p, str) else compiler.process(p, **kw) for p in element.pieces]
    if len(parts) == 1 and isinstance(element.pieces[0], str):
        return parts[0]
    while len(parts) > MAX_FUNCTION_ARGUMENTS:
        chunks = [parts[at : at + MAX_FUNCTION_ARGUMENTS] for at in range(0, len(parts), MAX_FUNCTION_ARGUMENTS)]
        parts = [f"concat({', '.join(chunk)})" for chunk in chunks]
    return f"concat({', '.join(parts)})"


def sql(text: str, type_: TypeEngine[Any] | None = None) -> ColumnElement[Any]:
    """SQL of ours, as it stands."""
    return literal_column(text, type_)


def string(text: str) -> ColumnElement[Any]:
    """A text of ours as a literal."""
    return literal_column(literal(text))


def literal(text: str) -> str:
    """A literal of SQL. What comes here are names that GraphQL's parser accepted and texts of ours, never values."""
    return "'" + text.replace("'", "''") + "'"


def text(pieces: Sequence[Piece]) -> ColumnElement[str]:
    """One expression for all pieces."""
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return pieces[0]
    return Concat(pieces)


def object_(fields: Iterable[tuple[str, Sequence[Piece]]]) -> Pieces:
    """`{"key": …, …}`"""
    pieces: Pieces = ["{"]
    for key, value in fields:
        pieces += [f'{"," if len(pieces) > 1 else ""}"{key}":', *value]
    return [*pieces, "}"]


def when(condition: ColumnElement[Any], pieces: Sequence[Piece]) -> Pieces:
    """The pieces where the condition holds, else null."""
    return [case((condition, text(pieces)), else_=string(NULL))]


def or_null(expression: ColumnElement[Any]) -> Pieces:
    """The text of an expression, or null where it has no value."""
    return [func.coalesce(expression, string(NULL))]


def or_missing(expression: ColumnElement[Any]) -> Pieces:
    """The text of an expression that must have a value."""
    return [func.coalesce(expression, sql("chr(1)"))]


def quoted(expression: ColumnElement[Any], *, nullable: bool) -> Pieces:
    """A JSON string of a value whose text needs no escape: enums, ids, decimals."""
    if not nullable:
        return ['"', expression, '"']
    return or_null(string('"').op("||")(expression).op("||")(string('"')))


def scalar_of(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """The JSON of one SQL value: strings escaped, instants in ISO 8601. Unlike to_json it looks the type up once."""
    return func.json_scalar(expression)


QUOTED = {"CountryCode", "CurrencyCode", "TimeZone"}
ESCAPED = {"String", "DateTime", "LocalDateTime", "Date"}
COLUMNS: dict[str, tuple[type, ...]] = {
    "ID": (Uuid,), "Int": (Integer,), "Float": (Float,), "Boolean": (Boolean,), "Decimal": (Numeric,), "JSON": (JSON,),
    "Date": (Date,), "DateTime": (DateTime,), "LocalDateTime": (DateTime,),
    **dict.fromkeys(("String", *QUOTED), (String,)),
}  # fmt: skip
"""The scalars whose text PostgreSQL writes as Strawberry does, and the columns that it can write them from."""


def writes(type_: GraphQLNamedType, column: TypeEngine[Any]) -> bool:
    """Whether the text of such a column is the text of this scalar or enum, or of a list of it."""
    listed = isinstance(column, ARRAY)
    inner = column.item_type if isinstance(column, ARRAY) else column
    if isinstance(type_, GraphQLEnumType):
        return isinstance(inner, Enum) and set(inner.enums) <= set(type_.values)
    if isinstance(inner, Enum | BigInteger) or (listed and type_.name != "String"):
        return False
    if isinstance(inner, DateTime):
        return type_.name == ("DateTime" if inner.timezone else "LocalDateTime")
    if isinstance(inner, Float):
        return type_.name == "Float"
    return isinstance(inner, COLUMNS.get(type_.name, ()))


def scalar(expression: ColumnElement[Any], type_: GraphQLOutputType, *, prefix: str = "") -> Pieces:
    """The text of a leaf of this GraphQL type. `prefix`: what public ids of the row's kind begin with."""
    nullable, name = not is_non_null_type(type_), get_named_type(type_).name
    if is_list_type(type_.of_type if is_non_null_type(type_) else type_):
        items = func.array_to_json(expression) if isinstance(expression.type, ARRAY) else expression
        return or_null(cast(items, Text)) if nullable else [items]
    if name == "ID":
        return [f'"{prefix}', hexadecimal(expression), '"']
    if name == "Decimal":
        plain = func.trim_scale(expression)
        return quoted(cast(plain, Text) if nullable else plain, nullable=nullable)
    if name in ESCAPED:
        return or_null(cast(scalar_of(expression), Text)) if nullable else [scalar_of(expression)]
    if name in QUOTED or isinstance(get_named_type(type_), GraphQLEnumType):
        return quoted(expression, nullable=nullable)
    if name == "Float":
        expression = floating(expression)
    elif name == "Boolean":
        expression = cast(expression, Text)
    elif name not in COLUMNS:
        raise TypeError(f"No SQL is known for the scalar {name}.")
    return or_null(cast(expression, Text)) if nullable else [expression]


def floating(number: ColumnElement[Any]) -> ColumnElement[str]:
    """A float as such, even where it is whole: 90 as 90.0."""
    text = cast(number, Text)
    whole = and_(number == func.trunc(number), func.abs(number) < sql("1e15"))  # beyond, an exponent says it
    return case((whole, text.op("||")(string(".0"))), else_=text)


def hexadecimal(uuid: ColumnElement[Any]) -> ColumnElement[str]:
    """A UUID as 32 hex digits."""
    return func.encode(func.uuid_send(uuid), string("hex"))
