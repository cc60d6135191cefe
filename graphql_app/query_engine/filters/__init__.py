"""Filters, orders and search: which predicate each field of a `where` or `orderBy` argument becomes.

May import `query_engine.selection`, `json_sql` and `cursor`, and everything below `query_engine`.
"""
