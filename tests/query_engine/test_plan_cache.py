"""Plans are made once for each shape of the variables that the SQL depends on; how many are kept is bounded."""

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

pytestmark = pytest.mark.world
CORE = build.build()._schema


class Watched(Session):
    """A session that also keeps what it sent."""

    def __init__(self, engine: AsyncEngine, account: Any) -> None:
        super().__init__(engine, account)
        self.sent: list[str] = []

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        self.sent.append(sql)
        return await super().fetch(sql, arguments)


class Asking:
    """One parsed document, asked again and again."""

    def __init__(self, engine: AsyncEngine, account: Any, question: str) -> None:
        self.engine, self.account, self.document = engine, account, parse(question)

    async def __call__(self, name: str | None = None, /, **variables: Any) -> tuple[Any, list[str]]:
        session = Watched(self.engine, self.account)
        made = operation_context.OperationContext(viewer.Viewer(self.account, "default"), session, "test")
        executor: Any = build.Executor.build(CORE, self.document, None, made, variables, name)
        assert not isinstance(executor, list), executor
        result = await executor.execute_operation()
        if result.errors:
            raise result.errors[0].original_error
        return orjson.loads(orjson.dumps(result.data)), session.sent

    @property
    def plans(self) -> plan.OperationPlans:
        kept: plan.OperationPlans = self.document.definitions[0].__dict__["_plans"]
        return kept


@pytest.fixture
async def asking(engine: AsyncEngine) -> Any:
    async with engine.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
    return lambda question: Asking(engine, account, question)


async def test_texts_instants_and_lists_of_them_are_parameters_of_one_plan(asking: Any) -> None:
    ask = asking("""query ($a: String, $b: DateTime, $c: [String!], $d: String, $e: Decimal!, $k: [String!]) {
      shipments(search: $d, where: { number: { startsWith: $a, in: $c }, createdAt: { gte: $b },
                totalWeight: { gte: { value: $e, unit: G } } }) { nodes { number metadata(keys: $k) } } }""")
    first = await ask(a="SHP", b="2026-03-01T00:00:00Z", c=["SHP-0000012"], d="SHP", e="1", k=["colour"])
    second = await ask(a="SHP-", b="2026-03-01T09:00:00Z", c=["SHP-0000013", "x"], d="SHP-0", e=2, k=["x"])
    third = await ask(a="SHP-", b="2026-03-01T09:00:00Z", c=["x", "y", "z"], d="SHP-0", e=2, k=["a", "b"])
    assert first[1] == second[1] == third[1]
    assert len(ask.plans) == 1
    assert [[one["number"] for one in data["shipments"]["nodes"]] for data, _ in (first, second, third)] == [
        ["SHP-0000012"],
        ["SHP-0000013"],
        [],
    ]


@pytest.mark.parametrize(
    ("declared", "used", "values"),
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
async def test_a_plan_that_was_kept_answers_as_a_new_one_would(
    declared: str, used: str, values: list[Any], asking: Any
) -> None:
    again = asking(f"query ({declared}) {{ {used} }}")
    nullable = not declared.endswith("!")
    for given in [
        *({"x": value} for value in values),
        *([{}] if nullable else []),
        *({"x": one} for one in reversed(values)),
    ]:
        assert await again(**given) == await asking(f"query ({declared}) {{ {used} }}")(**given), given


async def test_operations_of_one_document_keep_their_plans_apart(asking: Any) -> None:
    ask = asking(
        "query A($n: Int) { shipments(first: $n) { ...F } } query B($n: Int) { shipments(last: $n) { ...F } } "
        "fragment F on ShipmentConnection { nodes { number } }"
    )
    for _ in range(2):
        assert (await ask("A", n=1))[0]["shipments"]["nodes"] == [{"number": "SHP-0000120"}]
        assert (await ask("B", n=1))[0]["shipments"]["nodes"] != [{"number": "SHP-0000120"}]


async def test_one_operation_keeps_so_many_plans_and_no_more(asking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MAX_PLANS_PER_OPERATION", 5)
    ask = asking("query ($n: Int) { carriers(first: $n) { nodes { code } } }")
    for number in range(20):
        assert len((await ask(n=number))[0]["carriers"]["nodes"]) == min(number, 4)
        assert len(ask.plans) <= 5


async def test_all_operations_keep_so_much_text_and_no_more(asking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = plan.PlanCache(20_000)
    monkeypatch.setattr(plan, "PLAN_CACHE", shelf)
    documents = [asking(f"query ($n: Int) {{ carriers(first: $n) {{ a{at}: nodes {{ code }} }} }}") for at in range(10)]
    for number in range(10):
        for ask in documents:
            await ask(n=number)
    held = sum(len(one.sql) for ask in documents for one in ask.plans.values())
    assert 0 < held <= shelf.size <= 20_000
    assert (await documents[0](n=2))[0] == {"carriers": {"a0": [{"code": "dhl"}, {"code": "fed_ex"}]}}


async def test_plans_go_with_their_document(asking: Any) -> None:
    ask = asking("{ carriers { nodes { code } } }")
    await ask()
    kept = weakref.ref(ask.plans)
    del ask
    gc.collect()
    assert kept() is None


async def limited(ask: Asking) -> str:
    with pytest.raises(request_errors.LimitExceeded) as caught:
        await ask()
    return str(caught.value)


async def test_pages_within_pages_cost_what_they_may_read(asking: Any) -> None:
    wide = asking("{ carriers(first: 250) { nodes { shipments(first: 250) { nodes { id } } } } }")
    assert (await limited(wide)).startswith("This may read 62750 objects or more; the limit is 20000.")
    assert await limited(asking("{ a: shipments(first: 250) { nodes { events(first: 80) { nodes { id } } } } }"))
    await asking("{ a: shipments(first: 250) { nodes { events(first: 78) { nodes { id } } } } }")()
    halves = "shipments(first: 250) { nodes { events(first: 50) { nodes { id } } } }"
    assert "or more" in await limited(asking(f"{{ a: {halves} b: {halves} }}"))


async def test_objects_of_nodes_are_counted_by_the_number_of_their_identities(asking: Any) -> None:
    ask = asking(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Shipment { events(first: 250) { nodes { id } } } } }"
    )
    await ask(ids=["shp_019c936e38077f908753ed9bb56799dd"] * 64)
    with pytest.raises(request_errors.LimitExceeded):
        await ask(ids=["shp_019c936e38077f908753ed9bb56799dd"] * 100)


async def test_counting_without_end_costs_more(asking: Any) -> None:
    await asking("{ carriers { nodes { shipments(first: 1) { totalCount { count } } } } }")()
    assert await limited(asking("{ carriers { nodes { shipments(first: 1) { totalCount(limit: null) { count } } } } }"))


@pytest.mark.parametrize("levels", [10, 20, 40])
async def test_a_tower_of_fragments_is_refused_before_it_is_built(levels: int, asking: Any) -> None:
    tower = " ".join(
        f"fragment F{at} on Shipment {{ a: returnOf {{ id ...F{at + 1} }} b: returnOf {{ id ...F{at + 1} }} }}"
        for at in range(levels)
    )
    ask = asking(f'{{ shipment(by: {{ number: "x" }}) {{ ...F0 }} }} {tower} fragment F{levels} on Shipment {{ id }}')
    assert await limited(ask) == f"One field may read at most {cost.MAX_TABLES} tables. Ask for less at a time."


async def test_a_statement_may_be_as_deep_as_documents_may(asking: Any) -> None:
    data, (sql,) = await asking(tower_of(15))()
    assert data["shipment"]["returnOf"]["returnOf"] is None
    assert sql.count("FROM shipment AS") == 16


def tower_of(levels: int) -> str:
    """A question that goes so many shipments deep."""
    return f'{{ shipment(by: {{ number: "SHP-0000008" }}) {{ {"number returnOf { " * levels} id {"}" * levels} }} }}'


async def test_what_is_deeper_than_python_goes_is_refused(asking: Any) -> None:
    assert await limited(asking(tower_of(100))) == "This is nested too deeply."


@pytest.mark.parametrize("word", ["NOT", "AND", "OR"])
async def test_conditions_may_be_as_deep_as_variables_may(word: str, asking: Any) -> None:
    where: Any = {"number": {"eq": "SHP-0000002"}}
    for _ in range(30 if word == "NOT" else 15):
        where = {word: where if word == "NOT" else [where]}
    data, _ = await asking("query ($w: ShipmentWhere) { shipments(where: $w) { nodes { number } } }")(w=where)
    assert data["shipments"]["nodes"] == [{"number": "SHP-0000002"}]


async def test_more_fields_than_a_function_takes_arguments(asking: Any) -> None:
    names = [f"f{at}" for at in range(300)]
    fields = " ".join(f"{name}: {'number' if at % 2 else 'version'}" for at, name in enumerate(names))
    place = " ".join(f"{name}: city" for name in names)
    data, _ = await asking(
        f"{{ shipments(first: 2) {{ nodes {{ {fields} latestEvent {{ place {{ {place} }} }} }} }} }}"
    )()
    for node in data["shipments"]["nodes"]:
        assert [*node] == [*names, "latestEvent"]
        assert isinstance(node["f0"], int)
        assert node["f299"] == node["f1"]
