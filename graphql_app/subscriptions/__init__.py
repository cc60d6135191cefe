"""Subscriptions: one shared read of the change log for all subscribers of a query, and a bounded queue for each.

May import `execution`, `schema`, `query_engine` and everything below them; never `transport`.
"""
