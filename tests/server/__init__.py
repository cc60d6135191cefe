"""Tests of `graphql_app.server`."""
