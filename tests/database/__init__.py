"""Tests of `graphql_app.database`."""
