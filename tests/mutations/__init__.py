"""Tests of `graphql_app.mutations`."""
