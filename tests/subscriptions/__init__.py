"""Tests of `graphql_app.subscriptions`."""
