"""Tests of `graphql_app.execution`."""
