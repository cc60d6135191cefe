"""Tests of `graphql_app.demo`."""
