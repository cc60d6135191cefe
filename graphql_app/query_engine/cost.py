"""The limits of a plan and the counter that enforces them while the plan is built.

Objects cost time when the statement runs. Tables and filter conditions cost time before its first row: when the
statement is built here and when PostgreSQL plans it. A plan is rejected as soon as it has too many of them, and before
it runs if it may read too many objects.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from graphql_app.errors import request_errors

MAX_COST = 20_000
"""Maximum number of objects that one operation may read, according to its page sizes."""
MAX_TABLES = 250
"""Maximum number of tables in the statement of one root field. Each costs time before the first row."""
MAX_CONDITIONS = 400
"""Maximum number of filter objects in one root field. Each costs time before the first row."""


def check_cost(cost: int) -> None:
    """Check the number of objects that may be read.

    Raises:
        LimitExceeded: the cost is above `MAX_COST`.
    """
    if cost > MAX_COST:
        raise request_errors.LimitExceeded(
            f"The operation may read {cost} objects; the limit is {MAX_COST}. Request smaller pages."
        )


class HasCost(Protocol):
    """An operation with the cost of the root fields planned so far, in objects, and that of the rejected ones."""

    cost: int
    rejected_cost: int


def add_cost(operation: HasCost, cost: int) -> None:
    """Add the cost of a root field to its operation. The limit holds for all root fields together.

    Raises:
        LimitExceeded: the operation's cost is above `MAX_COST`. It is added to `rejected_cost`: the client learns it,
            but is not charged for it, since nothing is read.
    """
    total = operation.cost + operation.rejected_cost + cost
    if total > MAX_COST:
        operation.rejected_cost += cost
    else:
        operation.cost += cost
    check_cost(total)


class CostCounter:
    """Counts the objects, tables and filter conditions of one plan."""

    def __init__(self) -> None:
        self.cost = 0
        self._factor = 1
        self._tables = 0
        self._conditions = 0

    @contextmanager
    def repeated(self, rows: int) -> Iterator[None]:
        """Count one object, and everything that is added inside the `with` block, once for each of `rows` rows."""
        outer_factor = self._factor
        self._factor *= rows
        self.add_objects()
        try:
            yield
        finally:
            self._factor = outer_factor

    def add_objects(self, objects: int = 1) -> None:
        """Add objects, multiplied by the rows of the enclosing `repeated` blocks. The limit is checked when the plan is
        complete, so that its message and `extensions.cost` tell the whole cost."""
        self.cost += self._factor * objects

    def add_conditions(self, conditions: int) -> None:
        """Add filter objects. Their predicates are planned by PostgreSQL at every execution.

        Raises:
            LimitExceeded: the plan has more than `MAX_CONDITIONS`.
        """
        self._conditions += conditions
        if self._conditions > MAX_CONDITIONS:
            raise request_errors.LimitExceeded(
                f"The filters of one root field must have at most {MAX_CONDITIONS} conditions."
            )

    def add_table(self) -> None:
        """Add one table.

        Raises:
            LimitExceeded: the plan has more than `MAX_TABLES`.
        """
        self._tables += 1
        if self._tables > MAX_TABLES:
            raise request_errors.LimitExceeded(
                f"One root field must read at most {MAX_TABLES} tables. Select fewer nested fields."
            )
