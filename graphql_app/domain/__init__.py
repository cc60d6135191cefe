"""The domain: enums, status rules, status projection, units, ISO codes, postal codes, tracking numbers, carrier codes.

Pure Python without SQL, Strawberry or I/O. May import `observability` and no other package of `graphql_app`.
"""
