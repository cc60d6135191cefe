"""Subscriptions: one shared reader of the change log per query, and a bounded queue per subscriber.

May import `execution`, `schema`, `query_engine` and everything below them; never `transport`.
"""
