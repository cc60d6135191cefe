"""Logging and Prometheus metrics. May import no other package of `graphql_app`."""
