"""Commands: they validate an input, lock rows, run SQL and return one `RowResult` for each row of a call.

Commands never commit; `mutations.transaction` does. They collect errors instead of raising them, so that one invalid
row does not affect the others. Their SQL is in `sql/`, loaded by `sql_loader`. May import `auth`, `database`,
`settings`, `models`, `errors`, `domain` and `observability`; never `query_engine` or Strawberry.
"""
