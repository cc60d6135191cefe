"""Limits and cost of statistics."""

MAX_EXACT_ROWS = 100_000
"""Figures of up to this many rows are computed from the rows and exact."""
ROWS_PER_OBJECT = 100
"""Reading this many rows for an aggregate costs as much as reading one object."""
COST = MAX_EXACT_ROWS // ROWS_PER_OBJECT
"""Cost of reading the rows of one statistics field or facet."""
