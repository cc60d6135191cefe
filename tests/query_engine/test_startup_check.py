"""Types and tables that have drifted apart are refused when the process starts, in a sentence that names the place."""

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
from graphql_app.query_engine.filters.fields import check
from graphql_app.schema import build


@strawberry.type
class Carrier:
    name: str


@strawberry.type
class Package:
    seq: int


@strawberry.type
class Stranger:
    name: str


@strawberry.type
class Spot:
    city: str | None
    planet: str | None


def built(annotations: dict[str, Any], name: str = "Thing", **fields: Any) -> GraphQLSchema:
    """A schema with one type over a table, of these fields."""
    thing = strawberry.type(type(name, (), {"__annotations__": annotations, **fields}))
    query = strawberry.type(type("Query", (), {"__annotations__": {"thing": thing, "place": Spot}}))
    return strawberry.Schema(query, config=CONFIG, types=[Carrier, Package, Stranger])._schema


def refused(
    annotations: dict[str, Any],
    model: type[SQLModel] = models.Shipment,
    known: Mapping[Any, Any] | None = None,
    name: str = "Thing",
    **fields: Any,
) -> str:
    """The sentence with which it is refused."""
    tables = {name: model, "Carrier": models.Carrier, "Package": models.Package}
    with pytest.raises(TypeError) as caught:
        type_mapping.TypeMapping(built(annotations, **fields), tables, known or {})
    return str(caught.value)


@computed_field
def with_argument(unit: int = 1) -> str:
    """A field with an argument."""
    return ""


@pytest.mark.parametrize(
    ("annotations", "sentence"),
    [
        ({"colour": str}, "Thing.colour is neither a column nor a relationship of Shipment, nor computed"),
        ({"service": str}, "Thing.service is non-null, but the column allows null"),
        ({"version": str}, "Thing.version: no SQL is known that writes String! from Integer()"),
        ({"created_at": str}, "Thing.createdAt: no SQL is known that writes String! from DateTime(timezone=True)"),
        ({"created_at": time}, "Thing.createdAt: no SQL is known that writes Time! from DateTime(timezone=True)"),
        ({"number": datetime}, "Thing.number: no SQL is known that writes DateTime! from String(length=32"),
        ({"status": enums.PartyRole}, "Thing.status: no SQL is known that writes PartyRole! from"),
        ({"status": str}, "Thing.status: no SQL is known that writes String! from"),
        ({"tags": str}, "Thing.tags: no SQL is known that writes String! from ARRAY"),
        ({"number": list[str]}, "Thing.number: no SQL is known that writes [String!]! from String(length=32"),
        (
            {"total_weight_g": float | None},
            "Thing.totalWeightG: no SQL is known that writes Float from Numeric(precision=14",
        ),
        ({"carrier_id": strawberry.ID | None}, "Thing.carrierId is an ID, but there is no prefix for it"),
        ({"carrier": Carrier}, "Thing.carrier is non-null, but its foreign key allows null"),
        ({"carrier": list[Carrier]}, "Thing.carrier is [Carrier!]!, but the relationship leads to one"),
        ({"packages": Package | None}, "Thing.packages is Package, but the relationship leads to many"),
        (
            {"packages": list[Package] | None},
            "Thing.packages is a list of rows, so neither it nor",
        ),
        ({"carrier": Stranger | None}, "Thing.carrier leads to Carrier, which Stranger does not mirror"),
    ],
)
def test_a_field_that_its_table_cannot_fill_is_named(annotations: dict[str, Any], sentence: str) -> None:
    assert refused(annotations).startswith(sentence)


def test_a_number_of_64_bits_is_no_int() -> None:
    assert refused({"seq": int}, models.Change).startswith(
        "Thing.seq: no SQL is known that writes Int! from BigInteger()"
    )


def test_an_argument_that_nothing_reads_is_named() -> None:
    sentence = refused({}, number=with_argument)
    assert sentence == "Thing.number has arguments, but nothing computes it from them"


def test_a_type_that_the_schema_lacks_is_named() -> None:
    assert refused({"number": str}, name="Other") == "Other is no object type of the schema"


def test_a_table_that_belongs_to_no_account_is_named() -> None:
    assert refused({"slug": str}, models.Account) == "Thing mirrors Account, whose rows belong to no account"


def test_an_expression_for_which_there_is_no_field_is_named() -> None:
    known = {(models.Shipment, "phaze"): lambda row, field: ["1"]}
    assert refused({"number": str}, known=known) == "No field of the schema is computed by Shipment.phaze"


def test_a_part_that_an_object_of_a_row_lacks_is_named() -> None:
    known = {(models.Shipment, "spot"): lambda row, field: field.embedded(city=row.c.service)}
    assert refused({"spot": Spot | None}, known=known) == "Thing.spot cannot be read: KeyError('planet')"


def test_a_scalar_that_no_sql_writes_is_named() -> None:
    known = {(models.Shipment, "at"): lambda row, field: field.scalar(json_sql.string("12:00"))}
    sentence = refused({"at": time}, known=known)
    assert sentence == "Thing.at cannot be read: TypeError('No SQL is known for the scalar Time.')"


def test_a_list_without_an_order_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.Shipment.packages.property, "order_by", False)  # type: ignore[attr-defined]
    assert refused({"packages": list[Package]}) == "Thing.packages is a list, but its relationship has no order"


def test_types_and_tables_that_agree_are_not_refused() -> None:
    core = built({"number": str, "carrier": Carrier | None, "packages": list[Package], "tags": list[str]})
    made = type_mapping.TypeMapping(
        core, {"Thing": models.Shipment, "Carrier": models.Carrier, "Package": models.Package}, {}
    )
    assert made.root_fields == {"thing"}


@pytest.mark.parametrize(
    ("sdl", "sentence"),
    [
        (
            "extend input ShipmentWhere { colour: StringFilter }",
            "ShipmentWhere and what is served of it differ in colour",
        ),
        ("extend input TrackingEventWhere { x: Int }", "TrackingEventWhere and what is served of it differ in x"),
        ("extend input ChangeWhere { actor: String }", "ChangeWhere and what is served of it differ in actor"),
        ("extend input StringFilter { endsWith: String }", "StringFilter and what is served of it differ in endsWith"),
        ("extend input DateTimeFilter { eq: DateTime }", "DateTimeFilter and what is served of it differ in eq"),
        ("extend input PlaceWhere { name: String }", "PlaceWhere and what is served of it differ in name"),
        ("extend enum ShipmentOrderField { COLOUR }", "ShipmentOrderField and what is served of it differ in COLOUR"),
        (
            "extend type Query { more(where: MoreWhere): Int } input MoreWhere { x: Int }",
            "MoreWhere is asked for by a question, but nothing of it is served",
        ),
    ],
)
def test_a_filter_or_an_order_that_nothing_serves_is_named(sdl: str, sentence: str) -> None:
    core = build.build()._schema
    check(core)
    with pytest.raises(TypeError) as caught:
        check(extend_schema(core, parse(sdl)))
    assert str(caught.value) == sentence
