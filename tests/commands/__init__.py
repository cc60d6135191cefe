"""Tests of `graphql_app.commands`."""
