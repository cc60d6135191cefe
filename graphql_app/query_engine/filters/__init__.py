"""Filters, orders and search: the predicate of each field of a `where` argument, and the sort keys of `orderBy`.

May import `query_engine.selection`, `json_sql` and `cursor`, and everything below `query_engine`.
"""
