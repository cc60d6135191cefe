"""Types that do not agree with their tables, and filters without SQL, stop the start with a message that names them."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, extend_schema, parse
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.graphql_types.model_type import computed_field
from graphql_app.graphql_types.scalars import CONFIG
from graphql_app.query_engine import json_sql, type_mapping
from graphql_app.query_engine.filters.fields import check_schema
from graphql_app.schema import build


@strawberry.type
class Carrier:
    name: str


@strawberry.type
class Package:
    seq: int


@strawberry.type
class OtherType:
    name: str


@strawberry.type
class Place:
    city: str | None
    planet: str | None


def make_schema(annotations: dict[str, Any], name: str = "Thing", **fields: Any) -> GraphQLSchema:
    """Return a schema with one mapped type with these fields."""
    mapped_type = strawberry.type(type(name, (), {"__annotations__": annotations, **fields}))
    query = strawberry.type(type("Query", (), {"__annotations__": {"thing": mapped_type, "place": Place}}))
    return strawberry.Schema(query, config=CONFIG, types=[Carrier, Package, OtherType])._schema


def mapping_error(
    annotations: dict[str, Any],
    model: type[SQLModel] = models.Shipment,
    computed_fields: Mapping[Any, Any] | None = None,
    name: str = "Thing",
    **fields: Any,
) -> str:
    """Return the message with which the mapping is rejected."""
    mapped_models = {name: model, "Carrier": models.Carrier, "Package": models.Package}
    with pytest.raises(TypeError) as raised:
        type_mapping.TypeMapping(make_schema(annotations, **fields), mapped_models, computed_fields or {})
    return str(raised.value)


@computed_field
def with_argument(unit: int = 1) -> str:
    """A field with an argument."""
    return ""


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (
            {"colour": str},
            "Thing.colour is neither a column nor a relationship of Shipment, and no computed field is registered",
        ),
        ({"service": str}, "Thing.service is non-null, but its column allows null."),
        ({"version": str}, "Thing.version: PostgreSQL cannot write String! from a column of type Integer()."),
        (
            {"created_at": str},
            "Thing.createdAt: PostgreSQL cannot write String! from a column of type DateTime(timezone=True).",
        ),
        (
            {"created_at": time},
            "Thing.createdAt: PostgreSQL cannot write Time! from a column of type DateTime(timezone=True).",
        ),
        (
            {"number": datetime},
            "Thing.number: PostgreSQL cannot write DateTime! from a column of type String(length=32",
        ),
        ({"status": enums.PartyRole}, "Thing.status: PostgreSQL cannot write PartyRole! from"),
        ({"status": str}, "Thing.status: PostgreSQL cannot write String! from"),
        ({"tags": str}, "Thing.tags: PostgreSQL cannot write String! from a column of type ARRAY"),
        (
            {"number": list[str]},
            "Thing.number: PostgreSQL cannot write [String!]! from a column of type String(length=32",
        ),
        (
            {"total_weight_g": float | None},
            "Thing.totalWeightG: PostgreSQL cannot write Float from a column of type Numeric(precision=29",
        ),
        (
            {"carrier_id": strawberry.ID | None},
            "Thing.carrierId is an ID, but it is not the primary key of a model with an ID prefix.",
        ),
        ({"carrier": Carrier}, "Thing.carrier is non-null, but its foreign key allows null."),
        ({"carrier": list[Carrier]}, "Thing.carrier has the type [Carrier!]!, but its relationship leads to one row."),
        (
            {"packages": Package | None},
            "Thing.packages has the type Package, but its relationship leads to a list of rows.",
        ),
        (
            {"packages": list[Package] | None},
            "Thing.packages is a list of rows, so neither it nor its items can be null. Declare it as [Package!]!.",
        ),
        (
            {"carrier": OtherType | None},
            "Thing.carrier has the type OtherType, which is not mapped to Carrier, the target of its relationship.",
        ),
    ],
)
def test_the_message_names_a_field_that_cannot_be_read_from_its_table(
    annotations: dict[str, Any], message: str
) -> None:
    assert mapping_error(annotations).startswith(message)


def test_a_64_bit_integer_cannot_be_an_int() -> None:
    assert mapping_error({"seq": int}, models.Change).startswith(
        "Thing.seq: PostgreSQL cannot write Int! from a column of type BigInteger()."
    )


def test_the_message_names_a_field_whose_arguments_nothing_reads() -> None:
    message = mapping_error({}, number=with_argument)
    assert message == "Thing.number has arguments, but no computed field is registered that reads them."


def test_the_message_names_a_mapped_type_that_is_not_in_the_schema() -> None:
    assert mapping_error({"number": str}, name="Other") == "Other is not an object type of the schema."


def test_the_message_names_a_table_without_account() -> None:
    message = mapping_error({"slug": str}, models.Account)
    assert message == "Thing is mapped to Account, whose table has no column account_id."


def test_the_message_names_a_computed_field_that_is_not_in_the_schema() -> None:
    computed_fields = {(models.Shipment, "phaze"): lambda row, field: ["1"]}
    message = mapping_error({"number": str}, computed_fields=computed_fields)
    assert message == "The schema has no field for the computed fields Shipment.phaze."


def test_the_message_names_a_field_that_its_embedded_object_lacks() -> None:
    computed_fields = {(models.Shipment, "spot"): lambda row, field: field.embedded_object(city=row.c.service)}
    message = mapping_error({"spot": Place | None}, computed_fields=computed_fields)
    assert message == "Thing.spot cannot be read: KeyError('planet')"


def test_the_message_names_a_scalar_without_sql() -> None:
    computed_fields = {(models.Shipment, "at"): lambda row, field: field.scalar(json_sql.string("12:00"))}
    message = mapping_error({"at": time}, computed_fields=computed_fields)
    assert message == "Thing.at cannot be read: TypeError('No SQL is known for the scalar Time.')"


def test_the_message_names_a_list_without_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.Shipment.packages.property, "order_by", False)  # type: ignore[attr-defined]
    message = mapping_error({"packages": list[Package]})
    assert message == "Thing.packages is a list, but its relationship has no `order_by`."


def test_types_that_agree_with_their_tables_are_accepted() -> None:
    schema = make_schema({"number": str, "carrier": Carrier | None, "packages": list[Package], "tags": list[str]})
    mapping = type_mapping.TypeMapping(
        schema, {"Thing": models.Shipment, "Carrier": models.Carrier, "Package": models.Package}, {}
    )
    assert mapping.root_fields == {"thing"}


@pytest.mark.parametrize(
    ("sdl", "message"),
    [
        (
            "extend input ShipmentWhere { colour: StringFilter }",
            "ShipmentWhere: the schema and the supported fields differ in colour.",
        ),
        (
            "extend input TrackingEventWhere { x: Int }",
            "TrackingEventWhere: the schema and the supported fields differ in x.",
        ),
        (
            "extend input ChangeWhere { actor: String }",
            "ChangeWhere: the schema and the supported fields differ in actor.",
        ),
        (
            "extend input StringFilter { endsWith: String }",
            "StringFilter: the schema and the supported fields differ in endsWith.",
        ),
        (
            "extend input DateTimeFilter { eq: DateTime }",
            "DateTimeFilter: the schema and the supported fields differ in eq.",
        ),
        ("extend input PlaceWhere { name: String }", "PlaceWhere: the schema and the supported fields differ in name."),
        (
            "extend enum ShipmentOrderField { COLOUR }",
            "ShipmentOrderField: the schema and the supported fields differ in COLOUR.",
        ),
        (
            "extend type Query { more(where: MoreWhere): Int } input MoreWhere { x: Int }",
            "MoreWhere is the type of a query's argument, but no field of it is supported.",
        ),
    ],
)
def test_the_message_names_a_filter_or_order_without_sql(sdl: str, message: str) -> None:
    schema = build.build()._schema
    check_schema(schema)
    with pytest.raises(TypeError) as raised:
        check_schema(extend_schema(schema, parse(sdl)))
    assert str(raised.value) == message
