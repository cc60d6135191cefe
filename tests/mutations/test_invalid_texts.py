"""An invalid text of a custom scalar in an input of a mutation: an error of its row with its path, and no more.

The positions come from the schema: a new field with a custom scalar is tested without a change here. The same text in
an argument of a query or subscription, or of a field below a mutation, is an error of the request.
"""

from typing import Any

import pytest
from graphql import GraphQLList, get_nullable_type, is_required_argument
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.schema import build
from tests.support.graphql_client import Execute
from tests.support.input_positions import literal, positions, value
from tests.support.mutation_client import (
    Json,
    MutationClient,
    codes,
    database_snapshot,
    document,
    event,
    minimal,
)

CORE = build.build()._schema
MUTATIONS: dict[str, Any] = dict(CORE.mutation_type.fields)  # type: ignore[union-attr]
CASES = [
    (mutation, (argument, *path))
    for mutation, field in MUTATIONS.items()
    for argument, definition in field.args.items()
    for path in positions(definition.type)
]


def all_errors(payload: Json) -> list[Json]:
    """The errors of a call and of its rows."""
    return [*payload["errors"], *(error for row in payload.get("results", ()) for error in row["errors"])]


def test_the_positions_include_every_custom_scalar_of_inputs() -> None:
    scalars = {"CountryCode", "CurrencyCode", "Date", "DateTime", "Decimal", "JSON", "LocalDateTime", "TimeZone"}
    found = set()
    for mutation, (argument, *path) in CASES:
        type_ = MUTATIONS[mutation].args[argument].type
        for name in path:
            type_ = get_nullable_type(type_)
            type_ = type_.of_type if isinstance(type_, GraphQLList) else type_.fields[name].type
        found.add(get_nullable_type(type_).name)
    assert found == scalars
    assert len(CASES) > 60


@pytest.mark.parametrize(
    ("mutation", "path"), CASES, ids=lambda part: part if isinstance(part, str) else ".".join(part)
)
async def test_an_invalid_text_is_an_error_of_the_payload_with_its_path(
    execute: Execute, mutation: str, path: tuple[str, ...]
) -> None:
    field = MUTATIONS[mutation]
    arguments = {
        name: value(argument.type, path[1:] if name == path[0] else None)
        for name, argument in field.args.items()
        if name == path[0] or is_required_argument(argument)
    }
    literals = ", ".join(f"{name}: {literal(given, field.args[name].type)}" for name, given in arguments.items())
    selection = "errors { code path message }"
    if "results" in field.type.fields:
        selection += " results { errors { code path message } }"
    by_variables = await execute(document(mutation), arguments)
    by_literals = await execute(f"mutation {{ {mutation}({literals}) {{ {selection} }} }}")
    for response in (by_variables, by_literals):
        assert "errors" not in response, response
        matching = [error for error in all_errors(response["data"][mutation]) if error["path"] == list(path)]
        assert [error["code"] for error in matching] == ["INVALID"], response
    variable_errors, literal_errors = (
        [(error["code"], error["path"], error["message"]) for error in all_errors(response["data"][mutation])]
        for response in (by_variables, by_literals)
    )
    assert variable_errors == literal_errors


async def test_all_invalid_texts_of_an_input_are_reported_at_once_with_its_other_errors(
    mutations: MutationClient,
) -> None:
    payload = await mutations.create(
        shipper={"name": "x", "country": "CANADA"},
        promisedFrom="tomorrow",
        promisedTo="1800-01-01T00:00:00Z",
        tags=["x" * 101],
        declaredValue={"amount": "1,5", "currency": "EURO"},
        packages=[{"weight": {"value": "heavy", "unit": "KG"}}],
    )
    assert sorted(codes(payload), key=str) == sorted(
        [
            ("INVALID", "input.shipper.country"),
            ("INVALID", "input.promisedFrom"),
            ("INVALID", "input.promisedTo"),
            ("LIMIT_EXCEEDED", "input.tags.0"),
            ("INVALID", "input.declaredValue.amount"),
            ("INVALID", "input.declaredValue.currency"),
            ("INVALID", "input.packages.0.weight.value"),
        ],
        key=str,
    )
    messages = {error["path"][-1]: error["message"] for error in payload["errors"]}
    assert messages["country"] == "'CANADA' is not a valid CountryCode. Use 2 letters, for example DE."
    assert payload["shipment"] is None


ROWS = 601
DELIVERD = '"DELIVERD"'


def rows_with_errors() -> list[Json]:
    """Many shipments, of which two have an invalid text."""
    rows = [minimal(externalReference=f"r{index}") for index in range(ROWS)]
    rows[3] = minimal(promisedTo="--")
    rows[500] = minimal(shipper={"name": "x", "country": "CANADA"})
    return rows


ROW_ERRORS = [("INVALID", "inputs.3.promisedTo"), ("INVALID", "inputs.500.shipper.country")]


def row_errors(payload: Json) -> list[tuple[str, str | None]]:
    """Code and path of the errors of all rows."""
    return [error for result in payload["results"] for error in codes(result)]


async def test_the_other_rows_of_a_bulk_call_are_written(mutations: MutationClient) -> None:
    payload = await mutations.bulk_create(*rows_with_errors(), idempotencyKey="k")
    assert (payload["succeeded"], payload["failed"], row_errors(payload)) == (ROWS - 2, 2, ROW_ERRORS)
    created = [result["shipment"] is not None for result in payload["results"]]
    assert created == [index not in (3, 500) for index in range(ROWS)]
    replayed = await mutations.bulk_create(*rows_with_errors(), idempotencyKey="k")
    assert (replayed["meta"]["replayed"], replayed["results"]) == (True, payload["results"])
    other = rows_with_errors()
    other[3]["promisedTo"] = "---"
    reused = await mutations.bulk_create(*other, idempotencyKey="k")
    assert codes(reused) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]


@pytest.mark.parametrize(
    ("policy", "options", "succeeded"),
    [
        ("REJECT_EVERYTHING", {}, 0),
        ("REJECT_EVERYTHING", {"idempotencyKey": "k"}, 0),
        ("REJECT_FAILED_ROWS", {"validateOnly": True}, ROWS - 2),
        ("REJECT_EVERYTHING", {"validateOnly": True}, 0),
    ],
)
async def test_a_call_that_may_not_write_reports_the_errors_of_all_rows(
    mutations: MutationClient, owner: AsyncEngine, policy: str, options: Json, succeeded: int
) -> None:
    before = await database_snapshot(owner)
    payload = await mutations.bulk_create(*rows_with_errors(), policy=policy, **options)
    assert (payload["succeeded"], payload["failed"], row_errors(payload)) == (succeeded, 2, ROW_ERRORS)
    assert await database_snapshot(owner) == before


async def test_an_invalid_text_in_one_event_does_not_affect_the_others(mutations: MutationClient) -> None:
    shipment = (await mutations.confirmed())["id"]
    payload = await mutations.record(
        {**event(shipment), "occurred": {"date": "--"}}, event(shipment), {**event(shipment), "place": {"country": "?"}}
    )
    assert row_errors(payload) == [("INVALID", "inputs.0.occurred.date"), ("INVALID", "inputs.2.place.country")]
    assert payload["results"][1]["event"]["code"] == "IN_TRANSIT"


async def test_one_variable_in_several_places_has_an_error_at_each(execute: Execute) -> None:
    response = await execute(
        "mutation($c: CountryCode!) { a: shipmentCreate(input: {shipper: {name: \"x\", country: $c}, "
        "recipient: {name: \"y\", country: $c}}) { errors { path } } }",
        {"c": "CANADA"},
    )  # fmt: skip
    paths = [error["path"] for error in response["data"]["a"]["errors"]]
    assert paths == [["input", "shipper", "country"], ["input", "recipient", "country"]]


@pytest.mark.parametrize(
    ("query", "variables", "path"),
    [
        ('{ shipments(where: {createdAt: {gte: "--"}}) { nodes { id } } }', {}, "where.createdAt.gte"),
        ('{ shipments(where: {OR: [{}, {totalWeight: {gte: {value: "--", unit: KG}}}]}) { nodes { id } } }', {},
            "where.OR.1.totalWeight.gte.value"),
        ("query($t: DateTime) { shipments(where: {createdAt: {gte: $t}}) { nodes { id } } }", {"t": "--"}, "t"),
        ('query($t: DateTime = "--") { shipments(where: {createdAt: {gte: $t}}) { nodes { id } } }', {}, "t"),
        ("query($w: ShipmentWhere) { shipments(where: $w) { nodes { id } } }",
            {"w": {"AND": [{"updatedAt": {"lt": "--"}}]}}, "w.AND.0.updatedAt.lt"),
        ('mutation($s: String!) { shipmentCreate(input: {shipper: {name: $s, country: "DE"}}) { shipment '
            '{ events(where: {occurredAt: {gte: "--"}}) { nodes { id } } } } }', {"s": "x"}, "where.occurredAt.gte"),
        ("mutation($t: DateTime) { shipmentCreate(input: {shipper: {name: \"x\", country: \"DE\"}, promisedTo: $t}) "
            "{ shipment { events(where: {occurredAt: {gte: $t}}) { nodes { id } } } } }", {"t": "--"}, "t"),
        ('mutation($t: DateTime = "--") { shipmentCreate(input: {shipper: {name: "x", country: "DE"}, promisedTo: $t})'
            " { created } }", {}, "t"),
    ],
)  # fmt: skip
async def test_an_invalid_text_outside_of_mutation_inputs_is_an_error_of_the_request(
    execute: Execute, owner: AsyncEngine, query: str, variables: Json, path: str
) -> None:
    before = await database_snapshot(owner)
    response = await execute(query, variables)
    assert "data" not in response, response
    (error,) = response["errors"]
    assert error["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    assert error["extensions"]["path"] == path.split(".")
    assert error["message"].startswith(f"{path}: '--' is not a valid ")
    assert await database_snapshot(owner) == before


@pytest.mark.parametrize("literals", [False, True])
async def test_errors_of_type_name_the_path_of_each_row(execute: Execute, owner: AsyncEngine, literals: bool) -> None:
    valid = event("shp_0")
    rows = [valid] * ROWS if not literals else [valid] * 8
    last = len(rows) - 1
    rows[1] = {**valid, "occurred": {"date": "2026-01-01", "instant": "2026-01-01T00:00:00Z"}}
    rows[2] = {name: inner for name, inner in valid.items() if name != "occurred"}
    rows[3] = {**valid, "message": 5}
    rows[4] = {**valid, "code": "DELIVERD"}
    rows[last] = {**valid, "target": {"shipment": {"id": "shp_0"}, "packageId": "pkg_0"}}
    before = await database_snapshot(owner)
    if literals:
        item = get_nullable_type(get_nullable_type(MUTATIONS["trackingEventsRecord"].args["inputs"].type).of_type)
        texts = [literal(row, item) for row in rows]
        query = f"mutation {{ trackingEventsRecord(inputs: [{', '.join(texts)}]) {{ succeeded }} }}"
        response = await execute(query)
    else:
        response = await execute(document("trackingEventsRecord"), {"inputs": rows})
    assert "data" not in response
    assert [(error["extensions"]["path"], error["message"]) for error in response["errors"]] == [
        (path.split("."), f"{path}: {problem}")
        for path, problem in (
            ("inputs.1.occurred",
                "Exactly one of `date`, `instant` and `local` is required, with a value other than null."),
            ("inputs.2.occurred", "TrackingEventInput requires this field."),
            ("inputs.3.message", "Must be a string (was 5)."),
            ("inputs.4.code",
                f"{'DELIVERD' if literals else DELIVERD} is not a value of TrackingEventCode. "
                "Did you mean 'DELIVERED' or 'DELAYED'?"),
            (f"inputs.{last}.target",
                "Exactly one of `packageId`, `shipment` and `trackingNumber` is required, with a value other than "
                "null."),
        )
    ]  # fmt: skip
    assert await database_snapshot(owner) == before


async def test_a_missing_variable_is_named(execute: Execute) -> None:
    (error,) = (await execute(document("shipmentsBulkCreate"), {}))["errors"]
    assert (error["message"], error["extensions"]["path"]) == ("inputs: This variable is required.", ["inputs"])
