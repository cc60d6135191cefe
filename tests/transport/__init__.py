"""Tests of `graphql_app.transport`."""
