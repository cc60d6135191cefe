"""Kinds of columns. Naming convention, SQL types and the little words in which the tables are written."""

from typing import Any

from sqlalchemy import DateTime, Enum, Numeric, String, Uuid, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, Relationship, SQLModel

from graphql_app.domain import enums

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


class Xid8(UserDefinedType[int]):
    """A 64-bit transaction id, which unlike `xid` never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "XID8"


ischema_names["xid8"] = Xid8  # so that SQLAlchemy recognises it when it compares the tables with the models


def plain(length: int) -> String:
    """Text that is compared byte by byte: identifiers, and whatever is searched by prefix."""
    return String(length, collation="C")


def either(column: str, value: str) -> str:
    """A column, or a value where it is null, for an index. Not coalesce(), which PostgreSQL does not take for something
    that may be looked up before the account is checked (`models/rights.py`)."""
    return f"(CASE WHEN {column} IS NULL THEN {value} ELSE {column} END)"


def enum(words: type[enums.DocumentedEnum]) -> Enum:
    """A native enum, named in snake case: ShipmentStatus → shipment_status."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in words.__name__).lstrip("_")
    return Enum(words, name=name, values_callable=lambda words: [word.value for word in words])


INSTANT = DateTime(timezone=True)
GRAMS = Numeric(12, 3)
MILLIMETRES = Numeric(12, 4)
MONEY = Numeric(18, 4)
COUNTRY, CURRENCY = plain(2), plain(3)  # not char(n), whose comparison with text no index serves
STATUS, REASON, DIRECTION, CODE = map(
    enum, (enums.ShipmentStatus, enums.ExceptionReason, enums.ShipmentDirection, enums.TrackingEventCode)
)
WEIGHT_UNIT, LENGTH_UNIT = enum(enums.WeightUnit), enum(enums.LengthUnit)
NOW = text("now()")
ACCOUNT = "The account that owns the row."
"""Only what is made rarely has a foreign key to it: every insert would lock the account's one row."""


def column(type_: Any, comment: str, *, null: bool = False, server: Any = None, **more: Any) -> Any:
    """A column with its comment. `server` is its default in the database, `name` its name there where that differs."""
    kwargs: dict[str, Any] = {"comment": comment}
    if server is not None:
        kwargs["server_default"] = server
    if "name" in more:
        kwargs["name"] = more.pop("name")
    if null or server is not None:
        more["default"] = None
    return Field(sa_type=type_, nullable=null, sa_column_kwargs=kwargs, **more)


def identity(comment: str) -> Any:
    """A UUIDv7 primary key that the database makes."""
    return column(Uuid, comment, server=text("uuidv7()"), primary_key=True)


def reference(target: str, comment: str, *, null: bool = False) -> Any:
    """A foreign key to another table's id."""
    return column(Uuid, comment, null=null, foreign_key=f"{target}.id")


def related(**kwargs: Any) -> Any:
    """A relationship that the read path follows. Never loaded lazily: that would be a second way to read."""
    return Relationship(sa_relationship_kwargs={"lazy": "raise", "viewonly": True, **kwargs})
