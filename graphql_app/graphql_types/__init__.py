"""The Strawberry types: objects that mirror the tables, connections, filters, inputs, payloads, scalars and enums.

Only declarations and descriptions belong here. May import `commands`, `query_engine` and everything below them.
"""

from graphql_app.graphql_types import enums as _  # noqa: F401  registered before a type refers to them
