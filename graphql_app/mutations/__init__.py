"""Resolvers of mutations: parse the call, validate, run the command in one transaction, build the payload.

May import `graphql_types`, `commands`, `query_engine` and everything below them.
"""
