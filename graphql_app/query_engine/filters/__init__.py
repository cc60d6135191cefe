"""Filters, orders and search: the predicate of each field of a `where` argument, and the sort keys of `orderBy`.

May import `selection`, `json_sql` and `cursor` of `query_engine`, and everything below `query_engine`.
"""
