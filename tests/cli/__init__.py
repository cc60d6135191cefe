"""Tests of `graphql_app.cli`."""
