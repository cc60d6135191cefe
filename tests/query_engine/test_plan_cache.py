"""Plans are built once for each shape of the variables that the SQL depends on; the plan cache is limited."""

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from graphql import parse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import operation_context
from graphql_app.auth import viewer
from graphql_app.database.session import Session
from graphql_app.errors import request_errors
from graphql_app.query_engine import cost, plan
from graphql_app.schema import build

pytestmark = pytest.mark.seed_data
SCHEMA = build.build()._schema


class RecordingSession(Session):
    """A session that records the statements that it sends."""

    def __init__(self, engine: AsyncEngine, account: Any) -> None:
        super().__init__(engine, account)
        self.sent: list[str] = []

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        self.sent.append(sql)
        return await super().fetch(sql, arguments)


class RepeatedQuery:
    """One parsed document that is executed several times. A call returns the data and the statements."""

    def __init__(self, engine: AsyncEngine, account: Any, document: str) -> None:
        self.engine, self.account, self.document = engine, account, parse(document)

    async def __call__(self, name: str | None = None, /, **variables: Any) -> tuple[Any, list[str]]:
        session = RecordingSession(self.engine, self.account)
        context = operation_context.OperationContext(viewer.Viewer(self.account, "default"), session, "test")
        executor: Any = build.Executor.build(SCHEMA, self.document, None, context, variables, name)
        assert not isinstance(executor, list), executor
        result = await executor.execute_operation()
        if result.errors:
            raise result.errors[0].original_error
        return orjson.loads(orjson.dumps(result.data)), session.sent

    @property
    def plans(self) -> plan.OperationPlans:
        """The cached plans of the first operation."""
        plans: plan.OperationPlans = self.document.definitions[0].__dict__["_plans"]
        return plans


@pytest.fixture
async def make_query(engine: AsyncEngine) -> Any:
    """A function that returns the RepeatedQuery of a document."""
    async with engine.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
    return lambda document: RepeatedQuery(engine, account, document)


async def test_strings_timestamps_and_lists_of_them_are_parameters_of_one_plan(make_query: Any) -> None:
    query = make_query("""query ($a: String, $b: DateTime, $c: [String!], $d: String, $e: Decimal!, $k: [String!]) {
      shipments(search: $d, where: { number: { startsWith: $a, in: $c }, createdAt: { gte: $b },
                totalWeight: { gte: { value: $e, unit: G } } }) { nodes { number metadata(keys: $k) } } }""")
    first = await query(a="SHP", b="2026-03-01T00:00:00Z", c=["SHP-0000012"], d="SHP", e="1", k=["colour"])
    second = await query(a="SHP-", b="2026-03-01T09:00:00Z", c=["SHP-0000013", "x"], d="SHP-0", e=2, k=["x"])
    third = await query(a="SHP-", b="2026-03-01T09:00:00Z", c=["x", "y", "z"], d="SHP-0", e=2, k=["a", "b"])
    assert first[1] == second[1] == third[1]
    assert len(query.plans) == 1
    assert [[node["number"] for node in data["shipments"]["nodes"]] for data, _ in (first, second, third)] == [
        ["SHP-0000012"],
        ["SHP-0000013"],
        [],
    ]


@pytest.mark.parametrize(
    ("variable", "selection", "values"),
    [
        ("$x: Int", "shipments(first: $x) { nodes { id } }", [1, 2, None, 0]),
        ("$x: Int", "shipments { totalCount(limit: $x) { count precision } }", [1, 2, None]),
        ("$x: Boolean", "shipments(where: { archived: $x }) { nodes { id } }", [True, False, None]),
        ("$x: Boolean", "shipments(where: { deliveredAt: { isNull: $x } }) { nodes { id } }", [True, False, None]),
        ("$x: ShipmentPhase", "shipments(where: { phase: $x }) { nodes { id } }", ["CLOSED", "ACTIVE", None]),
        (
            "$x: [ShipmentStatus!]",
            "shipments(where: { status: { in: $x } }) { nodes { id } }",
            [["READY"], ["DRAFT"], ["DRAFT", "READY"], [], None],
        ),
        ("$x: String", "shipments(search: $x) { nodes { id } }", ["hamburg", None]),
        (
            "$x: ShipmentWhere",
            "shipments(where: $x) { nodes { id } }",
            [
                None,
                {},
                {"archived": None},
                {"archived": True},
                {"number": {"eq": "SHP-0000001"}},
                {"number": None},
                {"number": {"startsWith": "SHP-000001"}},
                {"OR": []},
                {"OR": [{}]},
                {"OR": [{"phase": "CLOSED"}, {"tags": {"hasAny": []}}]},
                {"NOT": {"number": {"eq": "SHP-0000001"}}},
                {"metadata": [{"key": "colour"}]},
                {"metadata": [{"key": "colour"}, {"key": "urgent", "value": {"eq": "true"}}]},
            ],
        ),
        (
            "$x: [ShipmentOrder!]",
            "shipments(first: 3, orderBy: $x) { nodes { id } }",
            [
                None,
                [],
                [{"field": "NUMBER"}],
                [{"field": "NUMBER", "direction": "ASC"}],
                [{"field": "STATUS_AT"}, {"field": "NUMBER"}],
            ],
        ),
        ("$x: ShipmentBy!", "shipment(by: $x) { id }", [{"number": "SHP-0000002"}, {"externalReference": "PO-0000-0"}]),
        (
            "$x: WeightUnit",
            'shipment(by: { number: "SHP-0000008" }) { totalWeight(unit: $x) { value unit } }',
            ["LB", "G", None],
        ),
        (
            "$x: OrderDirection",
            'shipment(by: { number: "SHP-0000008" }) { events(orderBy: $x) { nodes { id } } }',
            ["DESC", "ASC", None],
        ),
        (
            "$x: [PartyRole!]",
            'shipment(by: { number: "SHP-0000008" }) { parties(roles: $x) { role } }',
            [["SHIPPER"], [], None],
        ),
        ("$x: [String!]", 'shipment(by: { number: "SHP-0000002" }) { metadata(keys: $x) }', [["colour"], [], None]),
        (
            "$x: Boolean!",
            "shipments(first: 1) { nodes { id number @skip(if: $x) ...F @include(if: $x) } } } "
            "fragment F on Shipment { tags status @skip(if: $x)",
            [True, False],
        ),
        (
            "$x: [ID!]!",
            "nodes(ids: $x) { id ... on Shipment { packages { seq } } }",
            [[], ["shp_019c936e38077f908753ed9bb56799dd"], ["x"] * 5],
        ),
    ],
)
async def test_a_cached_plan_returns_the_same_as_a_new_plan(
    variable: str, selection: str, values: list[Any], make_query: Any
) -> None:
    cached = make_query(f"query ({variable}) {{ {selection} }}")
    nullable = not variable.endswith("!")
    for variables in [
        *({"x": value} for value in values),
        *([{}] if nullable else []),
        *({"x": value} for value in reversed(values)),
    ]:
        new = make_query(f"query ({variable}) {{ {selection} }}")
        assert await cached(**variables) == await new(**variables), variables


async def test_operations_of_one_document_have_separate_plans(make_query: Any) -> None:
    query = make_query(
        "query A($n: Int) { shipments(first: $n) { ...F } } query B($n: Int) { shipments(last: $n) { ...F } } "
        "fragment F on ShipmentConnection { nodes { number } }"
    )
    for _ in range(2):
        assert (await query("A", n=1))[0]["shipments"]["nodes"] == [{"number": "SHP-0000120"}]
        assert (await query("B", n=1))[0]["shipments"]["nodes"] != [{"number": "SHP-0000120"}]


async def test_the_number_of_plans_per_operation_is_limited(make_query: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MAX_PLANS_PER_OPERATION", 5)
    query = make_query("query ($n: Int) { carriers(first: $n) { nodes { code } } }")
    for number in range(20):
        assert len((await query(n=number))[0]["carriers"]["nodes"]) == min(number, 4)
        assert len(query.plans) <= 5


async def test_the_sql_text_of_all_plans_is_limited(make_query: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = plan.PlanCache(20_000)
    monkeypatch.setattr(plan, "PLAN_CACHE", cache)
    documents = [
        make_query(f"query ($n: Int) {{ carriers(first: $n) {{ a{index}: nodes {{ code }} }} }}") for index in range(10)
    ]
    for number in range(10):
        for query in documents:
            await query(n=number)
    cached = sum(len(cached_plan.sql) for query in documents for cached_plan in query.plans.values())
    assert 0 < cached <= cache.characters <= 20_000
    assert (await documents[0](n=2))[0] == {"carriers": {"a0": [{"code": "dhl"}, {"code": "fed_ex"}]}}


async def test_plans_are_freed_with_their_document(make_query: Any) -> None:
    query = make_query("{ carriers { nodes { code } } }")
    await query()
    plans = weakref.ref(query.plans)
    del query
    gc.collect()
    assert plans() is None


async def limit_message(query: RepeatedQuery) -> str:
    """Execute a query that exceeds a limit and return the message of the error."""
    with pytest.raises(request_errors.LimitExceeded) as raised:
        await query()
    return str(raised.value)


async def test_the_cost_of_nested_pages_is_the_product_of_their_sizes(make_query: Any) -> None:
    nested_pages = make_query("{ carriers(first: 250) { nodes { shipments(first: 250) { nodes { id } } } } }")
    assert (await limit_message(nested_pages)).startswith("The operation may read 62750 objects; the limit is 20000.")
    assert await limit_message(
        make_query("{ a: shipments(first: 250) { nodes { events(first: 80) { nodes { id } } } } }")
    )
    await make_query("{ a: shipments(first: 250) { nodes { events(first: 78) { nodes { id } } } } }")()
    half_of_limit = "shipments(first: 250) { nodes { events(first: 50) { nodes { id } } } }"
    assert "may read" in await limit_message(make_query(f"{{ a: {half_of_limit} b: {half_of_limit} }}"))


async def test_the_cost_of_nodes_depends_on_the_number_of_ids(make_query: Any) -> None:
    query = make_query(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Shipment { events(first: 250) { nodes { id } } } } }"
    )
    await query(ids=["shp_019c936e38077f908753ed9bb56799dd"] * 64)
    with pytest.raises(request_errors.LimitExceeded):
        await query(ids=["shp_019c936e38077f908753ed9bb56799dd"] * 100)


async def test_an_exact_count_costs_more(make_query: Any) -> None:
    await make_query("{ carriers { nodes { shipments(first: 1) { totalCount { count } } } } }")()
    assert await limit_message(
        make_query("{ carriers { nodes { shipments(first: 1) { totalCount(limit: null) { count } } } } }")
    )


@pytest.mark.parametrize("levels", [10, 20, 40])
async def test_nested_fragments_are_rejected_before_the_plan_is_built(levels: int, make_query: Any) -> None:
    fragments = " ".join(
        f"fragment F{level} on Shipment {{ a: returnOf {{ id ...F{level + 1} }} b: returnOf {{ id ...F{level + 1} }} }}"
        for level in range(levels)
    )
    query = make_query(
        f'{{ shipment(by: {{ number: "x" }}) {{ ...F0 }} }} {fragments} fragment F{levels} on Shipment {{ id }}'
    )
    assert (
        await limit_message(query)
        == f"One root field must read at most {cost.MAX_TABLES} tables. Select fewer nested fields."
    )


async def test_a_statement_can_be_as_deep_as_a_document(make_query: Any) -> None:
    data, (sql,) = await make_query(nested_query(15))()
    assert data["shipment"]["returnOf"]["returnOf"] is None
    assert sql.count("FROM shipment AS") == 16


def nested_query(levels: int) -> str:
    """Return a query of a shipment with `levels` nested shipments."""
    return f'{{ shipment(by: {{ number: "SHP-0000008" }}) {{ {"number returnOf { " * levels} id {"}" * levels} }} }}'


async def test_a_selection_beyond_the_recursion_limit_is_rejected(make_query: Any) -> None:
    assert (
        await limit_message(make_query(nested_query(100))) == "The operation is nested too deeply. Select fewer levels."
    )


@pytest.mark.parametrize("operator", ["NOT", "AND", "OR"])
async def test_filters_can_be_as_deep_as_variables(operator: str, make_query: Any) -> None:
    where: Any = {"number": {"eq": "SHP-0000002"}}
    for _ in range(30 if operator == "NOT" else 15):
        where = {operator: where if operator == "NOT" else [where]}
    data, _ = await make_query("query ($w: ShipmentWhere) { shipments(where: $w) { nodes { number } } }")(w=where)
    assert data["shipments"]["nodes"] == [{"number": "SHP-0000002"}]


async def test_a_selection_can_have_more_fields_than_an_sql_function_has_arguments(make_query: Any) -> None:
    names = [f"f{index}" for index in range(300)]
    fields = " ".join(f"{name}: {'number' if index % 2 else 'version'}" for index, name in enumerate(names))
    place = " ".join(f"{name}: city" for name in names)
    data, _ = await make_query(
        f"{{ shipments(first: 2) {{ nodes {{ {fields} latestEvent {{ place {{ {place} }} }} }} }} }}"
    )()
    for node in data["shipments"]["nodes"]:
        assert [*node] == [*names, "latestEvent"]
        assert isinstance(node["f0"], int)
        assert node["f299"] == node["f1"]
