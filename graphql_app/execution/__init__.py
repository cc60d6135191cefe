"""Execution of one GraphQL operation, the same for every transport: documents, limits, variables, runner, errors.

A request is rejected here if its document or its variables are invalid, or if it exceeds a size, rate or concurrency
limit. May import `schema`, `mutations`, `graphql_types`, `query_engine` and everything below them.
"""
