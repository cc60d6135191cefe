"""Weights and dimensions are stored, added, compared and converted exactly, in every unit."""

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.support.graphql_client import Execute
from tests.support.mutation_client import Json, MutationClient, minimal
from tests.support.reference_units import FACTORS, decimal_of, in_unit

WEIGHT_UNITS = ("G", "KG", "OZ", "LB")
LENGTH_UNITS = ("MM", "CM", "M", "IN", "FT")
READ = f"""query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Shipment {{
  {" ".join(f"total{unit}: totalWeight(unit: {unit}) {{ value }}" for unit in WEIGHT_UNITS)}
  packages {{
    {" ".join(f"weight{unit}: weight(unit: {unit}) {{ value }}" for unit in WEIGHT_UNITS)}
    {" ".join(f"size{unit}: dimensions(unit: {unit}) {{ length width height }}" for unit in LENGTH_UNITS)}
  }} }} }} }}"""
COUNT = "query($where: ShipmentWhere) { shipments(where: $where, first: 250) { nodes { id } } }"


def package(value: str, unit: str) -> Json:
    """A package with a weight."""
    return {"weight": {"value": value, "unit": unit}}


async def read(execute: Execute, *ids: str) -> list[Json]:
    """The measurements of shipments in every unit."""
    response = await execute(READ, {"ids": list(ids)})
    nodes: list[Json] = response["data"]["nodes"]
    return nodes


async def ids_by_weight(execute: Execute, **bounds: Json) -> set[str]:
    """The ids of the shipments within bounds of the total weight."""
    response = await execute(COUNT, {"where": {"totalWeight": bounds}})
    return {node["id"] for node in response["data"]["shipments"]["nodes"]}


@pytest.mark.parametrize(
    ("packages", "totals"),
    [
        ([package("1", "LB")] * 3, {"LB": "3", "OZ": "48", "G": "1360.77711", "KG": "1.36077711"}),
        ([package("1", "OZ")] * 16, {"LB": "1", "OZ": "16", "G": "453.59237"}),
        ([package("0.1", "KG")] * 3, {"KG": "0.3", "G": "300", "LB": "0.661387"}),
        ([package("0.000000001", "OZ")], {"KG": "0.000000000028349523125", "OZ": "0.000000001"}),
        ([package("1", "LB"), package("1", "KG")], {"G": "1453.59237", "LB": "3.204623"}),
    ],
)
async def test_a_total_weight_is_the_exact_sum_and_a_filter_finds_it(
    packages: list[Json], totals: dict[str, str], mutations: MutationClient, execute: Execute
) -> None:
    id_ = (await mutations.created(packages=packages))["id"]
    (shipment,) = await read(execute, id_)
    assert {unit: shipment[f"total{unit}"]["value"] for unit in totals} == totals
    for unit in totals:
        exact = sum(Fraction(p["weight"]["value"]) * FACTORS[p["weight"]["unit"]] for p in packages) / FACTORS[unit]
        if Fraction(totals[unit]) != exact:
            continue  # rounded, because it is no finite decimal in this unit
        weight = {"value": totals[unit], "unit": unit}
        assert await ids_by_weight(execute, gte=weight) == await ids_by_weight(execute, lte=weight) == {id_}
        more = {"value": f"{Decimal(totals[unit]) + Decimal('1e-18'):f}", "unit": unit}
        assert await ids_by_weight(execute, gte=more) == set()


async def test_random_weights_and_dimensions_agree_with_exact_arithmetic_in_every_unit(
    mutations: MutationClient, execute: Execute
) -> None:
    generator = random.Random(1959)

    def amount(integer_digits: int, decimal_places: int) -> str:
        places = generator.randint(0, decimal_places)
        return f"{Decimal(generator.randrange(1, 10 ** (integer_digits + places))).scaleb(-places):f}"

    def random_package() -> Json:
        sides = {name: amount(1, 6) for name in ("length", "width", "height")}
        return {
            **package(amount(2, 9), generator.choice(WEIGHT_UNITS)),
            "dimensions": {**sides, "unit": generator.choice(LENGTH_UNITS)},
        }

    inputs = [minimal(packages=[random_package() for _ in range(generator.randint(1, 5))]) for _ in range(60)]
    rows = (await mutations.bulk_create(*inputs))["results"]
    shipments = await read(execute, *(row["shipment"]["id"] for row in rows))
    for fields, shipment in zip(inputs, shipments, strict=True):
        total = Fraction(0)
        for entered, stored in zip(fields["packages"], shipment["packages"], strict=True):
            weight, size = entered["weight"], entered["dimensions"]
            grams = Fraction(weight["value"]) * FACTORS[weight["unit"]]
            total += grams
            for unit in WEIGHT_UNITS:
                expected = Decimal(weight["value"]) if unit == weight["unit"] else decimal_of(grams / FACTORS[unit])
                assert Decimal(stored[f"weight{unit}"]["value"]) == expected
            for unit in LENGTH_UNITS:
                for name, value in stored[f"size{unit}"].items():
                    millimetres = Fraction(size[name]) * FACTORS[size["unit"]]
                    assert Decimal(value) == decimal_of(millimetres / FACTORS[unit])
        for unit in WEIGHT_UNITS:
            assert Decimal(shipment[f"total{unit}"]["value"]) == decimal_of(total / FACTORS[unit])


async def test_an_update_adds_exactly_as_creation_does(mutations: MutationClient, execute: Execute) -> None:
    created = await mutations.created(packages=[package("1", "KG"), package("1", "LB"), package("1", "LB")])
    edit: Json = {"packages": [{"id": created["packages"][0]["id"], **package("16", "OZ")}]}
    await mutations.update(created["id"], edit)
    (shipment,) = await read(execute, created["id"])
    assert (shipment["totalLB"]["value"], shipment["totalOZ"]["value"]) == ("3", "48")


async def test_a_sum_of_more_digits_than_a_decimal_of_python_holds_by_default_is_exact(
    mutations: MutationClient, execute: Execute
) -> None:
    packages = [package("999999.999999999", "KG")] * 99 + [package("0.000000001", "OZ")] * 101
    (shipment,) = await read(execute, (await mutations.created(packages=packages))["id"])
    grams = 99 * Fraction("999999.999999999") * 1000 + 101 * Fraction("0.000000001") * FACTORS["OZ"]
    assert Decimal(shipment["totalG"]["value"]) == decimal_of(grams)


@pytest.mark.parametrize("unit", LENGTH_UNITS)
async def test_the_change_log_shows_dimensions_in_their_unit_of_entry(
    unit: str, mutations: MutationClient, execute: Execute
) -> None:
    size: dict[str, Any] = {"length": "10.5", "width": "20", "height": "0.000001", "unit": unit}
    created = await mutations.created(packages=[{"dimensions": {**size, "length": "9"}}])
    await mutations.update(created["id"], {"packages": [{"id": created["packages"][0]["id"], "dimensions": size}]})
    query = "query($id: ID!) { shipment(by: {id: $id}) { history(first: 9) { nodes { changed } } } }"
    response = await execute(query, {"id": created["id"]})
    changed = {}
    for node in response["data"]["shipment"]["history"]["nodes"]:
        changed |= node["changed"]
    assert changed["packages.1.dimensions"] == [f"9 20 0.000001 {unit}", f"10.5 20 0.000001 {unit}"]


def test_the_reference_knows_finite_and_infinite_results() -> None:
    assert in_unit(Decimal("453.59237"), "OZ") == 16
    assert in_unit(Decimal("25.4"), "FT") == Decimal("0.083333")
