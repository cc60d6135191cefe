"""PostgreSQL writes the same bytes of JSON as orjson does for the serialized values of Strawberry's scalars."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from graphql import GraphQLError, GraphQLNonNull, GraphQLOutputType
from hypothesis import HealthCheck, given, settings, strategies
from sqlalchemy import ARRAY, DateTime, Double, Numeric, Text, Uuid, bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.graphql_types import scalars
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.plan import DIALECT
from graphql_app.schema import build

TYPES: Any = build.build()._schema.type_map
PROPERTY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
texts = strategies.text(strategies.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
datetimes = strategies.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
decimals = strategies.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14)


async def write_json(
    engine: AsyncEngine, column: Any, type_: GraphQLOutputType, value: Any, *, null: bool = False
) -> bytes:
    """Return the JSON that PostgreSQL writes for a value in a column of this type. The driver sends the value."""
    field_type = type_ if null else GraphQLNonNull(type_)
    statement = select(json_sql.text(["", *json_sql.scalar(bindparam("x", type_=column), field_type)]))
    compiled = statement.compile(dialect=DIALECT)
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        sql = str(compiled)
        json = await driver.fetchval(sql, *[value] * (1 if "$1" in sql else 0))
    return str(json).encode()


@PROPERTY
@given(value=texts)
async def test_strings_are_escaped_as_orjson_does(value: str, engine: AsyncEngine) -> None:
    assert await write_json(engine, Text(), TYPES["String"], value) == orjson.dumps(value)
    assert await write_json(engine, Text(), TYPES["String"], value, null=True) == orjson.dumps(value)


async def test_control_characters_and_the_ends_of_planes_are_escaped_as_orjson_does(
    engine: AsyncEngine,
) -> None:
    value = "".join(map(chr, [*range(1, 0x100), 0x2028, 0x2029, 0xD7FF, 0xE000, 0xFEFF, 0xFFFF, 0x10000, 0x10FFFF]))
    assert await write_json(engine, Text(), TYPES["String"], value) == orjson.dumps(value)
    assert await write_json(
        engine, ARRAY(Text()), TYPES["Shipment"].fields["tags"].type.of_type, [value]
    ) == orjson.dumps([value])


@PROPERTY
@given(value=strategies.lists(texts, max_size=5))
async def test_lists_of_strings_are_written_as_orjson_does(value: list[str], engine: AsyncEngine) -> None:
    tags = TYPES["Shipment"].fields["tags"].type.of_type
    assert await write_json(engine, ARRAY(Text()), tags, value) == orjson.dumps(value)


@PROPERTY
@given(value=datetimes, hours=strategies.integers(-14, 14))
async def test_timestamps_are_written_in_utc(value: datetime, hours: int, engine: AsyncEngine) -> None:
    moment = value.replace(tzinfo=UTC) + timedelta(hours=hours)
    expected = orjson.dumps(scalars.format_datetime(moment))
    assert await write_json(engine, DateTime(timezone=True), TYPES["DateTime"], moment) == expected


@PROPERTY
@given(value=datetimes)
async def test_local_datetimes_are_written_without_an_offset(value: datetime, engine: AsyncEngine) -> None:
    expected = orjson.dumps(scalars.format_local_datetime(value))
    assert await write_json(engine, TIMESTAMP(timezone=False), TYPES["LocalDateTime"], value) == expected


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00.000001+00:00", "9999-12-31T23:59:59.999998+00:00", "1970-01-01T00:00:00.100000+00:00"],
)
async def test_the_first_and_last_timestamps_are_written_exactly(moment: str, engine: AsyncEngine) -> None:
    value = datetime.fromisoformat(moment)
    expected = orjson.dumps(scalars.format_datetime(value))
    assert await write_json(engine, DateTime(timezone=True), TYPES["DateTime"], value) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "'infinity'::timestamptz",
        "'-infinity'::timestamptz",
        "'0044-03-15 BC'::timestamptz",
        "'12026-01-01'::timestamptz",
    ],
)
async def test_timestamps_that_no_client_can_send_are_valid_json(sql: str, engine: AsyncEngine) -> None:
    expression = literal_column(sql, DateTime(timezone=True))
    statement = select(json_sql.text(["[", *json_sql.scalar(expression, GraphQLNonNull(TYPES["DateTime"])), "]"]))
    async with engine.connect() as connection:
        (text,) = orjson.loads((await connection.execute(statement)).scalar_one())
    assert isinstance(text, str)


@PROPERTY
@given(value=decimals)
async def test_decimals_are_written_without_trailing_zeros(value: Decimal, engine: AsyncEngine) -> None:
    expected = orjson.dumps(scalars.format_decimal(value if value else Decimal(0)))
    assert await write_json(engine, Numeric(), TYPES["Decimal"], value) == expected
    assert await write_json(engine, Numeric(), TYPES["Decimal"], value, null=True) == expected


@PROPERTY
@given(value=strategies.floats(-180, 180))
async def test_floats_keep_their_value_and_a_decimal_point(value: float, engine: AsyncEngine) -> None:
    json = await write_json(engine, Double(), TYPES["Float"], value)
    assert orjson.loads(json) == value
    assert isinstance(orjson.loads(json), float)
    if value == 0 or abs(value) >= 1e-4:
        assert json == orjson.dumps(value)


@pytest.mark.parametrize("value", [0.0, -0.0, 90.0, -180.0, 0.1, 1e15, 1e22, -1.5e300, 5e-324, 1e-7, 123456789012345.0])
async def test_extreme_floats_keep_their_value(value: float, engine: AsyncEngine) -> None:
    json = await write_json(engine, Double(), TYPES["Float"], value)
    assert orjson.loads(json) == value
    assert isinstance(orjson.loads(json), float)


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
async def test_local_times_that_the_driver_sends_as_infinity_are_rejected(end: str) -> None:
    with pytest.raises(GraphQLError, match="there is no such time in the years 1 to 9999"):
        scalars.parse_local_datetime(end)


async def test_null_is_written_as_null_for_every_scalar(engine: AsyncEngine) -> None:
    columns = {"String": Text(), "DateTime": DateTime(timezone=True), "Decimal": Numeric(), "Float": Double()}
    columns |= {"LocalDateTime": TIMESTAMP(timezone=False), "CountryCode": Text(), "PartyRole": Text()}
    for name, column in columns.items():
        assert await write_json(engine, column, TYPES[name], None, null=True) == b"null"


async def test_ids_are_a_prefix_and_hexadecimal_digits(engine: AsyncEngine) -> None:
    expression = literal_column("'019c936e-3807-7f90-8753-ed9bb56799dd'::uuid", Uuid())
    statement = select(json_sql.text(json_sql.scalar(expression, GraphQLNonNull(TYPES["ID"]), prefix="shp_")))
    async with engine.connect() as connection:
        assert (await connection.execute(statement)).scalar_one() == '"shp_019c936e38077f908753ed9bb56799dd"'
