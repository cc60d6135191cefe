"""The GraphQL schema: queries, mutations and subscriptions, the scope that each root field requires, and `build`.

May import `mutations`, `graphql_types`, `query_engine` and everything below them.
"""
