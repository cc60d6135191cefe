"""Tests of `graphql_app.auth`."""
