"""What a plan may come to, and the count that is kept while it is made. Refuses as soon as a limit is met.

Objects cost when the statement runs; tables and conditions cost before its first row, when it is put together here and
planned by PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from graphql_app.errors import request_errors

MAX_COST = 20_000
"""Objects that the page sizes of one operation may allow for."""
MAX_TABLES, MAX_CONDITIONS = 250, 400
"""Tables that one plan may name, and objects of filters that it may be made of: both cost before the first row."""


def check_cost(cost: int) -> None:
    """Refuse what may read too many objects."""
    if cost > MAX_COST:
        raise request_errors.LimitExceeded(
            f"This may read {cost} objects or more; the limit is {MAX_COST}. Ask for smaller pages."
        )


class Charged(Protocol):
    """What an operation costs so far."""

    cost: int


def charge(operation: Charged, cost: int) -> None:
    """Add to the cost of an operation, whose root fields together may not read more than one may."""
    operation.cost += cost
    check_cost(operation.cost)


class CostCounter:
    """The count of one plan."""

    def __init__(self) -> None:
        self.cost = 0
        self._factor = 1
        self._tables = self._conditions = 0

    @contextmanager
    def times(self, rows: int) -> Iterator[None]:
        """What is asked for inside is read once for each of so many rows: that is what the plan costs."""
        factor = self._factor
        self._factor *= rows
        self.charge()
        try:
            yield
        finally:
            self._factor = factor

    def condition(self, number: int) -> None:
        """Count objects of filters. What they become grows with them, and is planned by PostgreSQL at every run."""
        self._conditions += number
        if self._conditions > MAX_CONDITIONS:
            raise request_errors.LimitExceeded(f"The filters have more than {MAX_CONDITIONS} conditions, the limit.")

    def charge(self, objects: int = 1) -> None:
        """The plan costs so many objects more, for each of the rows that it is inside of."""
        self.cost += self._factor * objects
        check_cost(self.cost)

    def another_table(self) -> None:
        """The plan names one more table."""
        self._tables += 1
        if self._tables > MAX_TABLES:
            raise request_errors.LimitExceeded(
                f"One field may read at most {MAX_TABLES} tables. Ask for less at a time."
            )
