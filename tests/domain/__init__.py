"""Tests of `graphql_app.domain`."""
