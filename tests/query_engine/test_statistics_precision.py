"""Beyond the limit of exact figures, only so many rows are read, and the precision says so."""

import pytest

from graphql_app.query_engine.statistics import limits
from tests.support.graphql_client import Execute

pytestmark = pytest.mark.seed_data
QUERY = """{ shipmentStats(where: {packageCount: {gte: 0}}, groupBy: [STATUS]) {
    total { count } groups { measures { count } } precision }
  shipments(where: {packageCount: {gte: 0}}) { facets(by: [STATUS, TAG]) { values { count } precision } } }"""
"""The rollups do not hold the number of packages, so they cannot answer."""


async def test_figures_of_up_to_the_limit_are_exact(execute: Execute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_EXACT_ROWS", 110)  # the account has 110 shipments that are not archived
    data = (await execute(QUERY))["data"]
    assert (data["shipmentStats"]["total"]["count"], data["shipmentStats"]["precision"]) == (110, "EXACT")
    assert [facet["precision"] for facet in data["shipments"]["facets"]] == ["EXACT", "EXACT"]


async def test_figures_beyond_the_limit_are_lower_bounds(execute: Execute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_EXACT_ROWS", 50)
    data = (await execute(QUERY))["data"]
    stats = data["shipmentStats"]
    assert (stats["total"]["count"], stats["precision"]) == (51, "AT_LEAST")
    assert sum(group["measures"]["count"] for group in stats["groups"]) == 51
    assert [facet["precision"] for facet in data["shipments"]["facets"]] == ["AT_LEAST", "AT_LEAST"]
    assert sum(value["count"] for value in data["shipments"]["facets"][0]["values"]) == 51
