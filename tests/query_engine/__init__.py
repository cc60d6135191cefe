"""Tests of `graphql_app.query_engine`."""
