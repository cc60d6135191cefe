"""Column types and helper functions of the tables, and the naming convention of constraints and indexes."""

from typing import Any

from sqlalchemy import DateTime, Enum, Numeric, String, Uuid, text
from sqlmodel import Field, Relationship, SQLModel

from graphql_app.domain import enums, units

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


def identifier(length: int) -> String:
    """Return a text type of up to `length` characters that is compared byte by byte (collation "C").

    For identifiers and for text that is searched by prefix.
    """
    return String(length, collation="C")


def coalesce_case(column: str, value: str) -> str:
    """Return the SQL of a column, or of `value` if it is null, for an index.

    It is a CASE and not coalesce(), which PostgreSQL does not use in an index lookup before the account is checked
    (`database/row_security.py`, LEAKPROOF).
    """
    return f"(CASE WHEN {column} IS NULL THEN {value} ELSE {column} END)"


def enum(enum_class: type[enums.DocumentedEnum]) -> Enum:
    """Return the native enum type of a class, named in snake case: ShipmentStatus → shipment_status."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in enum_class.__name__).lstrip("_")
    return Enum(enum_class, name=name, values_callable=lambda members: [member.value for member in members])


INSTANT = DateTime(timezone=True)
GRAMS = Numeric(27, units.GRAMS_DECIMAL_PLACES)
TOTAL_GRAMS = Numeric(29, units.GRAMS_DECIMAL_PLACES)
MILLIMETRES = Numeric(15, units.MILLIMETRES_DECIMAL_PLACES)
MONEY = Numeric(18, 4)
COUNTRY = identifier(2)  # not char(2): a comparison of char(n) with text uses no index
CURRENCY = identifier(3)
STATUS = enum(enums.ShipmentStatus)
REASON = enum(enums.ExceptionReason)
DIRECTION = enum(enums.ShipmentDirection)
CODE = enum(enums.TrackingEventCode)
WEIGHT_UNIT = enum(enums.WeightUnit)
LENGTH_UNIT = enum(enums.LengthUnit)
NOW = text("now()")
RETURNING = "Whether the goods are on their way back to the shipper, also while they are lost."
CARRIER_STATUS_KEY = r"btrim(regexp_replace(upper((carrier_status_raw)::text), '\s+'::text, ' '::text, 'g'::text))"
"""`carrier_status_codes.normalize` in SQL, as PostgreSQL prints it, so that Alembic finds no difference."""
ACCOUNT = "The account that owns the row."
"""Comment of `account_id`. Only tables with few inserts have a foreign key to `account`, because each insert locks the
account's row."""


def column(type_: Any, comment: str, *, null: bool = False, server: Any = None, **options: Any) -> Any:
    """Return a column.

    Args:
        type_: SQLAlchemy type.
        comment: `COMMENT ON` of the column and description in the API.
        null: whether the column can be null.
        server: default in the database.
        options: arguments of `sqlmodel.Field`; `name` is the name in the database if it differs from the attribute.
    """
    kwargs: dict[str, Any] = {"comment": comment}
    if server is not None:
        kwargs["server_default"] = server
    if "name" in options:
        kwargs["name"] = options.pop("name")
    if null or server is not None:
        options["default"] = None
    return Field(sa_type=type_, nullable=null, sa_column_kwargs=kwargs, **options)


def identity(comment: str) -> Any:
    """Return a primary key: a UUIDv7 (RFC 9562) that the database generates."""
    return column(Uuid, comment, server=text("uuidv7()"), primary_key=True)


def reference(target: str, comment: str, *, null: bool = False, **options: Any) -> Any:
    """Return a foreign key to the `id` of another table. `options` are arguments of `sqlmodel.Field`."""
    return column(Uuid, comment, null=null, foreign_key=f"{target}.id", **options)


def related(**kwargs: Any) -> Any:
    """Return a relationship, from which the query engine builds its statements.

    It cannot be loaded lazily: all reads go through the query engine.
    """
    return Relationship(sa_relationship_kwargs={"lazy": "raise", "viewonly": True, **kwargs})
