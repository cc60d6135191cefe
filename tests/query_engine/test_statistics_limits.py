"""Statistics: invalid arguments, limits and the number of statements."""

import pytest

from tests.support.graphql_client import Execute

pytestmark = pytest.mark.seed_data


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("shipmentStats(groupBy: [STATUS, STATUS]) { hasMore }", "at most 3 dimensions"),
        ("shipmentStats(groupBy: [STATUS], first: 1001) { hasMore }", "between 0 and 1000"),
        ("shipmentStats(groupBy: [METADATA]) { groups { keys { value } } }", "requires the argument `metadataKey`"),
        ("shipmentStats(groupBy: [STATUS], orderBy: [{field: BUCKET}]) { hasMore }", "requires the argument `bucket`"),
        ("shipmentStats { total { age(percentiles: [101]) { percentiles { value } } } }", "between 0 and 100"),
        (
            'shipmentStats(bucket: {field: CREATED_AT, by: DAY, timeZone: "Mars/Base"}) { hasMore }',
            "The time zone 'Mars/Base' does not exist",
        ),
        ("shipments { facets(by: [STATUS, STATUS]) { hasMore } }", "takes each dimension once"),
        ("shipments { facets(by: [STATUS], limit: 251) { hasMore } }", "between 0 and 250"),
    ],
)
async def test_an_invalid_argument_is_rejected_with_its_reason(field: str, message: str, execute: Execute) -> None:
    response = await execute(f"{{ {field} }}")
    (error,) = response["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert message in error["message"]


async def test_more_than_the_limit_of_cost_is_rejected_before_it_runs(execute: Execute, statements: list[str]) -> None:
    await execute("{ __typename }")
    statements.clear()
    field = (
        "shipmentStats(groupBy: [CARRIER, SERVICE], first: 1000) { groups { shipments(first: 50) { nodes { id } } } }"
    )
    response = await execute(f"{{ {field} }}")
    assert response["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert statements == []


async def test_statistics_are_one_statement(execute: Execute, statements: list[str]) -> None:
    query = """{ shipmentStats(groupBy: [CARRIER], bucket: {field: DELIVERED_AT, by: MONTH, fillGaps: true}) {
        total { count declaredValue { sum } } groups { measures { transitTime { percentiles { value } } }
        shipments(first: 2) { nodes { number recipient { name } } } } } }"""
    await execute(query)  # the first time, the driver looks up the type of the parameters
    statements.clear()
    await execute(query)
    assert len(statements) == 1
