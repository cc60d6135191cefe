"""The tables of the rollups of shipments: position in the change log, counted facts, cells and transit times.

A cell holds the sums of the shipments with the same values of up to two dimensions, of all time or of one day. Archived
shipments are in no cell. `database/rollup_sql.py` maintains the tables.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Date, Integer, Numeric, SmallInteger, Text, Uuid, text
from sqlmodel import SQLModel

from graphql_app.models.columns import ACCOUNT, INSTANT, column, identifier

DIMENSIONS = ("STATUS", "CARRIER", "SERVICE", "DIRECTION", "ORIGIN_COUNTRY", "DESTINATION_COUNTRY")
"""The dimensions of the rollups, in the order of their names in a cell."""
MEASURES = {
    "packages": "Number of packages.",
    "weights": "Number of shipments with a weight.",
    "weight_g": "Sum of the weights in grams.",
    "deadlines": "Number of deliveries with a deadline.",
    "on_time": "Number of deliveries on time.",
    "deliveries": "Number of deliveries.",
    "first_attempts": "Number of deliveries without a failed attempt.",
    "pickups": "Number of shipments that the carrier picked up.",
    "problems": "Number of picked up shipments with a problem.",
    "returns": "Number of picked up shipments that return or returned.",
    "transits": "Number of shipments with a transit time.",
    "transit_seconds": "Sum of the transit times in seconds.",
}
"""The sums of a cell besides the number of shipments."""


def measure(name: str) -> Decimal:
    """Return the column of a sum."""
    result: Decimal = column(Numeric, MEASURES[name], server=text("0"))
    return result


class RollupPosition(SQLModel, table=True):
    """How far the rollups of an account have read the change log."""

    __tablename__ = "rollup_position"
    __table_args__ = ({"comment": "How far the rollups of an account have read the change log."},)
    account_id: UUID = column(Uuid, ACCOUNT, primary_key=True)
    log_position: int | None = column(BigInteger, "Position of the last change that was read.", server=text("-1"))
    seq: int | None = column(BigInteger, "Number of the last change that was read.", server=text("0"))
    as_of: datetime | None = column(INSTANT, "Time of the last change that was read. Null before the first.", null=True)


class ShipmentFact(SQLModel, table=True):
    """What a shipment contributes to the cells. A change subtracts it and adds the new facts."""

    __tablename__ = "shipment_fact"
    __table_args__ = ({"comment": "What a shipment contributes to the cells of the rollups."},)
    shipment_id: UUID = column(Uuid, "The shipment.", primary_key=True)
    account_id: UUID = column(Uuid, ACCOUNT)
    status: str = column(Text, "Value of the dimension STATUS.")
    carrier: str | None = column(Text, "ID of the carrier.", null=True)
    service: str | None = column(Text, "Value of the dimension SERVICE.", null=True)
    direction: str = column(Text, "Value of the dimension DIRECTION.")
    origin_country: str | None = column(Text, "Value of the dimension ORIGIN_COUNTRY.", null=True)
    destination_country: str | None = column(Text, "Value of the dimension DESTINATION_COUNTRY.", null=True)
    created_day: date = column(Date, "Day of the creation in UTC.")
    delivered_day: date | None = column(Date, "Day of the delivery in UTC.", null=True)
    transit_bucket: int | None = column(SmallInteger, "Bucket of the transit time.", null=True)
    packages: Decimal = measure("packages")
    weights: Decimal = measure("weights")
    weight_g: Decimal = measure("weight_g")
    deadlines: Decimal = measure("deadlines")
    on_time: Decimal = measure("on_time")
    deliveries: Decimal = measure("deliveries")
    first_attempts: Decimal = measure("first_attempts")
    pickups: Decimal = measure("pickups")
    problems: Decimal = measure("problems")
    returns: Decimal = measure("returns")
    transits: Decimal = measure("transits")
    transit_seconds: Decimal = measure("transit_seconds")


class ShipmentRollup(SQLModel, table=True):
    """The sums of the shipments with the same values of up to two dimensions, of all time or of one day."""

    __tablename__ = "shipment_rollup"
    __table_args__ = ({"comment": "Sums of the shipments with the same values, of all time or of one day."},)
    account_id: UUID = column(Uuid, ACCOUNT, primary_key=True)
    dimensions: str = column(identifier(64), "Names of the dimensions, separated by a comma.", primary_key=True)
    time_field: str = column(identifier(16), "CREATED_AT, DELIVERED_AT, or empty for all time.", primary_key=True)
    day: date = column(Date, "The day in UTC, or -infinity for all time.", primary_key=True)
    value_1: str = column(identifier(128), "`=` and the first value, or empty if it is null.", primary_key=True)
    value_2: str = column(identifier(128), "`=` and the second value, or empty if it is null.", primary_key=True)
    shipments: int = column(BigInteger, "Number of shipments.", server=text("0"))
    packages: Decimal = measure("packages")
    weights: Decimal = measure("weights")
    weight_g: Decimal = measure("weight_g")
    deadlines: Decimal = measure("deadlines")
    on_time: Decimal = measure("on_time")
    deliveries: Decimal = measure("deliveries")
    first_attempts: Decimal = measure("first_attempts")
    pickups: Decimal = measure("pickups")
    problems: Decimal = measure("problems")
    returns: Decimal = measure("returns")
    transits: Decimal = measure("transits")
    transit_seconds: Decimal = measure("transit_seconds")


class ShipmentRollupTransit(SQLModel, table=True):
    """The number of shipments of a cell by bucket of their transit time."""

    __tablename__ = "shipment_rollup_transit"
    __table_args__ = ({"comment": "Number of shipments of a cell by bucket of their transit time."},)
    account_id: UUID = column(Uuid, ACCOUNT, primary_key=True)
    dimensions: str = column(identifier(64), "Names of the dimensions, as in the cell.", primary_key=True)
    time_field: str = column(identifier(16), "Time field of the cell.", primary_key=True)
    day: date = column(Date, "Day of the cell.", primary_key=True)
    value_1: str = column(identifier(128), "First value of the cell.", primary_key=True)
    value_2: str = column(identifier(128), "Second value of the cell.", primary_key=True)
    bucket: int = column(Integer, "Bucket of the transit time.", primary_key=True)
    shipments: int = column(BigInteger, "Number of shipments.", server=text("0"))
