"""Execution of one GraphQL operation, the same for every transport: documents, limits, variables, runner, errors.

A request is rejected here when its document, limits or variables are wrong, or when a rate or concurrency limit is
reached. May import `schema`, `mutations`, `graphql_types`, `query_engine` and everything below them.
"""
