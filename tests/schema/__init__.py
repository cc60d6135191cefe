"""Tests of `graphql_app.schema`."""
