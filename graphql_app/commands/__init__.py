"""Writing: commands check an input, lock rows, run SQL and return one `RowResult` for each row of a call.

Commands never commit; `mutations.transaction` does. Their SQL lies in `sql/`, loaded by `sql_loader`. May import
`database`, `settings`, `models`, `errors`, `domain` and `observability`; never `query_engine` or Strawberry.
"""
