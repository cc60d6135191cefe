"""Resolvers of mutations. Each one parses the call, validates the input, runs a command and returns the payload.

    call                parses the `options` argument and the `Idempotency-Key` header
    resolvers           one function for each mutation: the four steps in their order
    transaction         runs the command in one transaction, retries deadlocks, stores the idempotency key, commits
    reapplication       the batches of `carrierStatusMap(reapply: true)`, one transaction each
    payload_builder     builds the payload from the results, after the commit

May import `graphql_types`, `commands`, `query_engine` and the packages below them.
"""
