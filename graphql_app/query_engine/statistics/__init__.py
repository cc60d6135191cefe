"""Statistics: one root field → one statement that returns totals, groups, buckets and the rows behind each group.

    subjects        what is counted: shipments, tracking events or items, with their filters, dimensions and measures
    dimensions      the expression of each dimension, and the text of its values
    measures        the aggregate of each measure and its JSON
    buckets         periods of the calendar in a time zone, with and without gaps
    aggregates      durations, rates, numbers and money
    frame           the columns of the matching rows, and the aggregates over them
    grouping        the groups that the arguments ask for; `groups` their queries
    builder         the statement: matching rows, total, groups, page of groups
    group_rows      the connection of the newest rows of a group
    rollup_cells    which questions the rollups hold; `rollup_measures` their measures, `rollup_builder` the statement
    limits          limits and cost
    facets          `ShipmentConnection.facets`
    sources         the sources of the root fields

May import the modules of `query_engine` below `sources`, and the packages below it.

The matching rows are read once, at most `limits.MAX_EXACT_ROWS` of them; total and groups are computed from these.
"""
