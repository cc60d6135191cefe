"""Logging and Prometheus metrics. May import nothing else of this package."""
